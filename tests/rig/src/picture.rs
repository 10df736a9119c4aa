//! A picture of a screen or a window, as far as tests look into it.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process::{run_bytes, tool};

/// Red, green, blue.
pub type Colour = [u8; 3];

/// Pixels, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pixels: Vec<Colour>,
}

impl Picture {
    /// Reads an image file.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = run_bytes(
            tool("convert", "imagemagick")?.arg(path).args(["-alpha", "off", "-depth", "8", "ppm:-"]),
        )
        .context("reading a picture")?;
        Self::from_ppm(&bytes).with_context(|| format!("reading {}", path.display()))
    }

    /// Binary PPM as ImageMagick writes it: three numbers and one white space before the pixels.
    fn from_ppm(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes.strip_prefix(b"P6").context("a picture that is no PPM")?;
        let mut number = || -> Result<usize> {
            let digits = rest.trim_ascii_start();
            let end = digits.iter().position(u8::is_ascii_whitespace).context("a picture without pixels")?;
            rest = &digits[end + 1..];
            std::str::from_utf8(&digits[..end])?.parse().context("a picture of no size")
        };
        let (width, height, full) = (number()?, number()?, number()?);
        ensure!(full == 255, "a picture of another depth");
        let (pixels, _) = rest.as_chunks::<3>();
        ensure!(
            pixels.len() == width * height,
            "a picture of {width} x {height} has {} pixels",
            pixels.len()
        );
        Ok(Self { width, height, pixels: pixels.to_vec() })
    }

    /// How much of it has this colour, from 0 to 1; each channel may be off by `near`.
    pub fn share(&self, colour: Colour, near: u8) -> f32 {
        let alike =
            |pixel: &&Colour| pixel.iter().zip(colour).all(|(&is, wanted)| is.abs_diff(wanted) <= near);
        self.pixels.iter().filter(alike).count() as f32 / self.pixels.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_colour_counts_what_is_near_it() {
        // A line feed as the first pixel's first byte is a pixel, not white space.
        let mut bytes = b"P6\n2 2\n255\n".to_vec();
        bytes.extend([[10, 10, 10], [11, 9, 10], [12, 10, 10], [255, 255, 255]].concat());
        let picture = Picture::from_ppm(&bytes).unwrap();
        assert_eq!((picture.width, picture.height), (2, 2));
        assert_eq!(picture.share([10, 10, 10], 0), 0.25);
        assert_eq!(picture.share([10, 10, 10], 1), 0.5);
        assert_eq!(picture.share([0, 0, 0], 1), 0.0);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in [&b""[..], b"P6", b"P6 2 2 255 ", b"P6 2 2 65535 ", b"P6 x 2 255 ", b"GIF89a"] {
            assert!(Picture::from_ppm(bytes).is_err(), "{bytes:?}");
        }
    }
}
