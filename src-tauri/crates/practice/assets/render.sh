#!/bin/sh
# Renders the recorded lines of the practice agent. One sentence per file, so that a caption can
# name the sample at which its sentence begins. Needs Debian's `flite` and `sox`.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

line() {
    flite -voice slt -t "$2" -o "$work/raw.wav"
    # Silence off both ends, then a little of it back, so that sentences do not run together.
    sox "$work/raw.wav" "$work/trim.wav" rate -v 24000 \
        silence 1 0.01 0.5% reverse silence 1 0.01 0.5% pad 0.16 0 reverse pad 0.02 0
    # An RMS level of -20 dBFS for every line.
    rms=$(sox "$work/trim.wav" -n stats 2>&1 | awk '/^RMS lev dB/ { print $4 }')
    gain=$(awk "BEGIN { print -20 - ($rms) }")
    sox -R "$work/trim.wav" -b 16 -c 1 "$1.wav" gain "$gain"
}

line greeting-1 "Hello, this is the practice agent, on your own computer."
line greeting-2 "Say something, and I will say it back in your own voice."
line greeting-3 "I do not understand speech; I only repeat it."
line typed "I got your text, but I can only speak recorded lines."
line nothing "I heard nothing."
line tool "The tool has answered."
