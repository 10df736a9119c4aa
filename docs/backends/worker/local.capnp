# The Worker in workerd, the runtime behind Cloudflare's own, on this computer:
#
#     npm ci
#     XAI_API_KEY=… SIDETONE_CALLERS="anna SECRET" npm start

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "backend", worker = .backend),
    (name = "network", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "backend")],
);

const backend :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-04-01",
  globalOutbound = "network",
  bindings = [
    (name = "XAI_API_KEY", fromEnvironment = "XAI_API_KEY"),
    (name = "SIDETONE_CALLERS", fromEnvironment = "SIDETONE_CALLERS"),
    (name = "SIDETONE_TOKEN_SECONDS", fromEnvironment = "SIDETONE_TOKEN_SECONDS"),
    (name = "SIDETONE_UPSTREAM", fromEnvironment = "SIDETONE_UPSTREAM"),
  ],
);
