//! Names that tell devices apart.

/// The longest part of an id that is shown, in bytes.
const MOST_SHOWN: usize = 24;

/// The names of devices given as (id, name). Where several have the same name, each gets in brackets
/// the part of its id in which they differ, or its number where those parts cannot be read.
pub(crate) fn told_apart(devices: &[(String, String)]) -> Vec<String> {
    devices
        .iter()
        .enumerate()
        .map(|(at, (id, name))| {
            let namesakes: Vec<&str> =
                devices.iter().filter(|(_, other)| other == name).map(|(id, _)| id.as_str()).collect();
            if namesakes.len() == 1 {
                return name.clone();
            }
            match differing(&namesakes) {
                Some((before, after)) => format!("{name} ({})", &id[before..id.len() - after]),
                None => {
                    let earlier = devices[..at].iter().filter(|(_, other)| other == name).count();
                    format!("{name} ({})", earlier + 1)
                }
            }
        })
        .collect()
}

/// The lengths in bytes of the beginning and the end that all ids share, in whole words; `None` where
/// what is left of one is nothing, or too long.
fn differing(ids: &[&str]) -> Option<(usize, usize)> {
    let (first, others) = ids.split_first()?;
    let before = others.iter().map(|other| shared(first.bytes(), other.bytes())).min()?;
    let after = others.iter().map(|other| shared(first.bytes().rev(), other.bytes().rev())).min()?;
    let word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let bytes = first.as_bytes();
    let before = bytes[..before].iter().rposition(|&byte| !word(byte)).map_or(0, |at| at + 1);
    let after = after - bytes[bytes.len() - after..].iter().position(|&byte| !word(byte)).unwrap_or(after);
    let fits = |id: &&str| (1..=MOST_SHOWN).contains(&id.len().saturating_sub(before + after));
    ids.iter().all(fits).then_some((before, after))
}

fn shared(one: impl Iterator<Item = u8>, other: impl Iterator<Item = u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(devices: &[(&str, &str)]) -> Vec<String> {
        let devices: Vec<_> = devices.iter().map(|(id, name)| ((*id).into(), (*name).into())).collect();
        told_apart(&devices)
    }

    #[test]
    fn namesakes_get_what_they_differ_in_and_nobody_else() {
        let found = names(&[
            ("pulseaudio:alsa_input.usb-Maker_Headset-00.mono-fallback", "Headset"),
            ("pulseaudio:alsa_input.pci-0000_00_1f.3.analog-stereo", "Built-in"),
            ("pulseaudio:alsa_input.usb-Maker_Headset-01.mono-fallback", "Headset"),
        ]);
        assert_eq!(found, ["Headset (00)", "Built-in", "Headset (01)"]);
        assert_eq!(
            names(&[("a:x", "Mic"), ("a:y", "Mic"), ("a:z", "Mic")]),
            ["Mic (x)", "Mic (y)", "Mic (z)"]
        );
        assert_eq!(names(&[("a:käse", "Mic"), ("a:kätz", "Mic")]), ["Mic (käse)", "Mic (kätz)"]);
    }

    #[test]
    fn ids_that_nobody_can_read_are_numbers() {
        let long = |letter: &str| format!("wasapi:{}", letter.repeat(40));
        assert_eq!(names(&[(&long("a"), "Mic"), (&long("b"), "Mic")]), ["Mic (1)", "Mic (2)"]);
        // Nothing of one is left beside the other, or they are the same.
        assert_eq!(names(&[("a:", "Mic"), ("a:x", "Mic")]), ["Mic (1)", "Mic (2)"]);
        assert_eq!(names(&[("", "Mic"), ("", "Mic")]), ["Mic (1)", "Mic (2)"]);
    }
}
