fn main() { sidetone_shell::run(); }
