//! What the practice agent says of its own accord: recorded sentences and a tone.

use std::f32::consts::TAU;
use std::sync::{Arc, LazyLock};

/// Hz, of every recorded line and of the tone.
pub(crate) const RATE: u32 = 24_000;

/// Sound with its words.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) samples: Arc<[i16]>,
    /// Hz.
    pub(crate) rate: u32,
    /// Never empty; the first begins at sample 0.
    pub(crate) sentences: Vec<Sentence>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// The sample of the line at which it begins.
    pub(crate) start: usize,
    pub(crate) text: String,
}

/// A recorded sentence: the file and its words.
type Recorded = (&'static [u8], &'static str);

macro_rules! recorded {
    ($file:literal, $text:literal) => {
        (include_bytes!(concat!("../assets/", $file, ".wav")), $text)
    };
}

const GREETING: &[Recorded] = &[
    recorded!("greeting-1", "Hello, this is the practice agent, on your own computer."),
    recorded!("greeting-2", "Say something, and I will say it back in your own voice."),
    recorded!("greeting-3", "I do not understand speech; I only repeat it."),
];
const TYPED: &[Recorded] = &[recorded!("typed", "I got your text, but I can only speak recorded lines.")];
const NOTHING: &[Recorded] = &[recorded!("nothing", "I heard nothing.")];
const TOOL: &[Recorded] = &[recorded!("tool", "The tool has answered.")];

pub(crate) fn greeting() -> Line {
    static LINE: LazyLock<Line> = LazyLock::new(|| line(GREETING, usize::MAX));
    LINE.clone()
}

pub(crate) fn typed() -> Line {
    static LINE: LazyLock<Line> = LazyLock::new(|| line(TYPED, usize::MAX));
    LINE.clone()
}

pub(crate) fn nothing() -> Line {
    static LINE: LazyLock<Line> = LazyLock::new(|| line(NOTHING, usize::MAX));
    LINE.clone()
}

pub(crate) fn tool() -> Line {
    static LINE: LazyLock<Line> = LazyLock::new(|| line(TOOL, usize::MAX));
    LINE.clone()
}

/// The recorded lines over and over, whole ones only, until `seconds` are full.
pub(crate) fn reading(seconds: u64) -> Line {
    let lines = [GREETING, TYPED, TOOL].concat();
    line(lines.iter().cycle(), seconds as usize * RATE as usize)
}

/// A soft tone for words that are not among the recorded: 60 ms per character, 0.4 s to 8 s.
pub(crate) fn tone(text: &str) -> Line {
    let ms = (text.chars().count() * 60).clamp(400, 8000);
    let count = ms * RATE as usize / 1000;
    let fade = RATE as usize / 50;
    let samples = (0..count)
        .map(|n| {
            let edge = n.min(count - n).min(fade) as f32 / fade as f32;
            (2000.0 * edge * (TAU * 330.0 * n as f32 / RATE as f32).sin()) as i16
        })
        .collect();
    Line { samples, rate: RATE, sentences: vec![Sentence { start: 0, text: text.to_owned() }] }
}

/// One recorded sentence after the other, until there are `enough` samples.
fn line<'a>(recorded: impl IntoIterator<Item = &'a Recorded>, enough: usize) -> Line {
    let mut samples = Vec::new();
    let mut sentences = Vec::new();
    for (file, text) in recorded {
        if samples.len() >= enough {
            break;
        }
        sentences.push(Sentence { start: samples.len(), text: (*text).to_owned() });
        samples.extend(crate::format::pcm(wav_data(file)));
    }
    Line { samples: samples.into(), rate: RATE, sentences }
}

/// The `data` chunk of a WAV file, found by walking its chunks; empty if there is none.
fn wav_data(file: &[u8]) -> &[u8] {
    let mut rest = file.get(12..).unwrap_or_default();
    while let Some((header, body)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, size @ ..] = *header;
        let size = u32::from_le_bytes(size) as usize;
        if [a, b, c, d] == *b"data" {
            return body.get(..size).unwrap_or(body);
        }
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_line_is_24_khz_mono_and_audible() {
        for (file, text) in [GREETING, TYPED, NOTHING, TOOL].concat() {
            assert_eq!(&file[20..22], [1, 0], "{text}: integer PCM");
            assert_eq!(&file[22..24], [1, 0], "{text}: mono");
            assert_eq!(file[24..28], RATE.to_le_bytes(), "{text}: 24 kHz");
            assert_eq!(&file[34..36], [16, 0], "{text}: 16 bits");
            let samples = crate::format::pcm(wav_data(file));
            let power: f64 =
                samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64;
            let level = 10.0 * (power / 32_768f64.powi(2)).log10();
            assert!((-21.0..-19.0).contains(&level), "{text}: {level} dBFS");
        }
    }

    #[test]
    fn sentences_begin_where_their_sound_begins() {
        let line = greeting();
        assert_eq!(line.sentences.len(), 3);
        assert_eq!(line.sentences[0].start, 0);
        for sentence in &line.sentences[1..] {
            let around = &line.samples[sentence.start - 480..sentence.start];
            assert!(around.iter().all(|s| s.abs() < 600), "no pause before: {}", sentence.text);
        }
    }

    #[test]
    fn a_file_that_is_no_wav_is_silence() {
        assert!(wav_data(b"").is_empty());
        assert!(wav_data(b"RIFF....WAVEfmt \xff\xff\xff\xff").is_empty());
    }

    #[test]
    fn a_reading_lasts_as_long_as_was_asked_and_ends_with_a_whole_line() {
        let line = reading(60);
        let seconds = line.samples.len() / RATE as usize;
        assert!((60..66).contains(&seconds), "{seconds} s");
        assert_eq!(line.sentences[5].text, line.sentences[0].text, "it begins again");
    }

    #[test]
    fn a_tone_is_bounded() {
        assert_eq!(tone("").samples.len(), 9600);
        assert_eq!(tone(&"a".repeat(10_000)).samples.len(), 192_000);
    }
}
