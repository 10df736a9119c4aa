//! Rows of figures: read from programs, judged by their bar, printed in columns.

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bar {
    AtMost(f64),
    AtLeast(f64),
    /// Worth knowing, with nothing to reach.
    None,
}

#[derive(Debug, PartialEq)]
pub(super) struct Row {
    what: String,
    outcome: Outcome,
    command: String,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Measured { value: f64, unit: String, bar: Bar },
    NotMeasured { why: String },
}

impl Row {
    pub(super) fn measured(what: &str, value: f64, unit: &str, bar: Bar, command: &str) -> Self {
        let outcome = Outcome::Measured { value, unit: unit.to_owned(), bar };
        Self { what: what.to_owned(), outcome, command: command.to_owned() }
    }

    /// A figure that cannot be had here and now. Of a long reason the first line is kept.
    pub(super) fn missing(what: &str, why: &str, command: &str) -> Self {
        let why = why.lines().next().unwrap_or_default().to_owned();
        Self { what: what.to_owned(), outcome: Outcome::NotMeasured { why }, command: command.to_owned() }
    }
}

/// Reads a program's JSON lines: `{"name": …, "value": …, "unit": …, "bar": …}`, where bar is a number not
/// to be exceeded, or a text such as `">= 1000"`. Lines that are no JSON object are the program's talk.
pub(super) fn rows(program: &str, output: &str, command: &str) -> Vec<Row> {
    let objects = output.lines().filter(|line| line.trim_start().starts_with('{'));
    let rows: Vec<_> = objects
        .map(|line| {
            row(line, command)
                .unwrap_or_else(|| Row::missing(program, &format!("not understood: {line}"), command))
        })
        .collect();
    if rows.is_empty() { vec![Row::missing(program, "the program printed no figure", command)] } else { rows }
}

fn row(line: &str, command: &str) -> Option<Row> {
    let figure: serde_json::Value = serde_json::from_str(line).ok()?;
    let bar = match &figure["bar"] {
        serde_json::Value::Null => Bar::None,
        serde_json::Value::String(text) => bar(text)?,
        number => Bar::AtMost(number.as_f64()?),
    };
    let unit = figure["unit"].as_str().unwrap_or_default();
    Some(Row::measured(figure["name"].as_str()?, figure["value"].as_f64()?, unit, bar, command))
}

/// `<= 5`, `≤ 5`, `>= 1000 x`: a sign and a number; a unit after it is not read.
fn bar(text: &str) -> Option<Bar> {
    let text = text.trim();
    let number = |rest: &str| rest.split_whitespace().next()?.replace([',', '_'], "").parse().ok();
    if let Some(rest) = text.strip_prefix(">=").or_else(|| text.strip_prefix('≥')) {
        return number(rest).map(Bar::AtLeast);
    }
    let rest = text.strip_prefix("<=").or_else(|| text.strip_prefix('≤')).unwrap_or(text);
    number(rest).map(Bar::AtMost)
}

pub(super) fn render(rows: &[Row]) -> String {
    let mut cells = vec![["what", "measured", "bar", "", "command"].map(str::to_owned)];
    cells.extend(rows.iter().map(|row| {
        let [measured, bar, verdict] = match &row.outcome {
            Outcome::NotMeasured { why } => [format!("not measured: {why}"), String::new(), String::new()],
            Outcome::Measured { value, unit, bar } => {
                let (bar, reached) = match bar {
                    Bar::AtMost(most) => (format!("≤ {}", figure(*most)), Some(value <= most)),
                    Bar::AtLeast(least) => (format!("≥ {}", figure(*least)), Some(value >= least)),
                    Bar::None => (String::new(), None),
                };
                let verdict = reached.map_or("", |reached| if reached { "ok" } else { "MISSED" });
                [format!("{} {unit}", figure(*value)), bar, verdict.to_owned()]
            }
        };
        [row.what.clone(), measured, bar, verdict, row.command.clone()]
    }));
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..5).map(width).collect();
    let line = |row: &[String; 5]| {
        let padded: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Four figures that mean something, whatever the size.
fn figure(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_with_bars_of_either_kind() {
        let output = "warming up\n\
            {\"name\":\"a\",\"value\":4.2,\"unit\":\"ms\",\"bar\":5}\n\
            {\"name\":\"b\",\"value\":900,\"unit\":\"x\",\"bar\":\">= 1,000 x\"}\n\
            {\"name\":\"c\",\"value\":1,\"unit\":\"ms\"}\n";
        let rows = rows("p", output, "cmd");
        assert_eq!(rows[0], Row::measured("a", 4.2, "ms", Bar::AtMost(5.0), "cmd"));
        assert_eq!(rows[1], Row::measured("b", 900.0, "x", Bar::AtLeast(1000.0), "cmd"));
        assert_eq!(rows[2], Row::measured("c", 1.0, "ms", Bar::None, "cmd"));
        let text = render(&rows);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].contains(" ok ") && lines[2].contains("MISSED"), "{text}");
        assert!(!lines[3].contains("ok") && !lines[3].contains("MISSED"), "{text}");
    }

    #[test]
    fn a_line_that_is_broken_or_missing_is_said_and_not_dropped() {
        for output in
            ["{\"name\":\"a\",\"value\":", "{\"name\":\"a\",\"value\":1,\"bar\":\"soon\"}", "", "hello"]
        {
            let text = render(&rows("prog", output, "cmd"));
            assert!(text.contains("not measured:") && text.contains("prog"), "{output}: {text}");
        }
    }
}
