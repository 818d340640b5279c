//! `log --plot`: how a metric went over the versions, as a line of braille dots with its axes.
//!
//! Invariant: the numbers stand beside the drawing, so that nothing is told by dots or colour alone.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use super::super::ui::{Style, Ui, counted, shorten};

/// A metric over versions, the oldest first.
pub(crate) struct Series {
    /// What is drawn.
    pub title: String,
    /// Each version's name with the value; `None` where it is undefined or absent.
    pub points: Vec<(String, Option<f64>)>,
    /// How a value is written.
    pub number: Box<dyn Fn(f64) -> String>,
}

/// Lines of text that a drawing takes.
const ROWS: usize = 8;
/// No drawing is wider than this many columns.
const MOST_COLUMNS: usize = 160;
/// Dots in a column and in a line of one character.
const DOTS: (usize, usize) = (2, 4);

/// Draws a metric within `width` columns.
pub(crate) fn draw(ui: &mut Ui, series: &Series, width: usize) -> io::Result<()> {
    let title = ui.paint(Style::Heading, &shorten(&series.title, width));
    ui.line(&title)?;
    let known = |(at, (name, value)): (usize, &(String, Option<f64>))| {
        value
            .filter(|value| value.is_finite())
            .map(|value| (at, name.clone(), value))
    };
    let known: Vec<(usize, String, f64)> =
        series.points.iter().enumerate().filter_map(known).collect();
    let ends = (known.first(), known.last());
    let (Some(first), Some(last)) = ends else {
        return ui.line("    no version has a value");
    };
    let least = known
        .iter()
        .min_by(|a, b| a.2.total_cmp(&b.2))
        .unwrap_or(first);
    let most = known
        .iter()
        .max_by(|a, b| a.2.total_cmp(&b.2))
        .unwrap_or(last);
    let (top, bottom) = ((series.number)(most.2), (series.number)(least.2));
    let margin = top.width().max(bottom.width());
    let columns = width.saturating_sub(margin + 7).clamp(8, MOST_COLUMNS);
    let columns = columns.min(series.points.len().max(16));
    let values: Vec<Option<f64>> = series.points.iter().map(|(_, value)| *value).collect();
    for (row, line) in lines(&values, (least.2, most.2), columns)
        .iter()
        .enumerate()
    {
        let label = match row {
            0 => top.as_str(),
            row if row + 1 == ROWS => bottom.as_str(),
            _ => "",
        };
        let axis = if label.is_empty() { '│' } else { '┤' };
        let line = ui.paint(Style::Changed, line.trim_end_matches('\u{2800}'));
        ui.line(format!("    {label:>margin$} {axis}{line}").trim_end())?;
    }
    ui.line(&format!("    {:>margin$} └{}", "", "─".repeat(columns)))?;
    let point = |what: &str, (_, name, value): &(usize, String, f64)| {
        format!("{what} {} ({name})", (series.number)(*value))
    };
    let told = [
        point("first", first),
        point("last", last),
        point("least", least),
        point("most", most),
    ];
    ui.line(&format!("    {}", told.join(", ")))?;
    let missing = series.points.len() - known.len();
    if missing > 0 {
        let missing = counted(missing as u64, "version");
        ui.line(&format!("    {missing} without a value"))?;
    }
    Ok(())
}

/// Returns the lines of a drawing, as braille: dots where values are, joined by straight lines.
fn lines(values: &[Option<f64>], (least, most): (f64, f64), columns: usize) -> Vec<String> {
    let (wide, high) = (columns * DOTS.0, ROWS * DOTS.1);
    let mut dots = vec![false; wide * high];
    let steps = values.len().saturating_sub(1).max(1) as f64;
    let across = |at: usize| at as f64 / steps * (wide - 1) as f64;
    let down = |value: f64| match most - least {
        range if range > 0.0 => ((most - value) / range).clamp(0.0, 1.0) * (high - 1) as f64,
        _ => (high - 1) as f64,
    };
    let mut set = |x: f64, y: f64| {
        // Both are within the drawing: they are shares of its last dot.
        let (x, y) = (x.round() as usize, y.round() as usize);
        if let Some(dot) = dots.get_mut(y * wide + x) {
            *dot = true;
        }
    };
    let mut before: Option<(f64, f64)> = None;
    for (at, value) in values.iter().enumerate() {
        let here = value.filter(|value| value.is_finite());
        let here = here.map(|value| (across(at), down(value)));
        if let Some((x, y)) = here {
            set(x, y);
            let (from_x, from_y) = before.unwrap_or((x, y));
            let length = (x - from_x).abs().max((y - from_y).abs()).ceil();
            for step in 0..length as usize {
                let share = step as f64 / length;
                set(from_x + (x - from_x) * share, from_y + (y - from_y) * share);
            }
        }
        before = here;
    }
    let character = |row: usize, column: usize| {
        // The bits of the dots, as Unicode numbers them: by column, the last line apart.
        const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let mut bits = 0;
        for (y, line) in BITS.iter().enumerate() {
            for (x, bit) in line.iter().enumerate() {
                let at = (row * DOTS.1 + y) * wide + column * DOTS.0 + x;
                bits |= if dots[at] { *bit } else { 0 };
            }
        }
        char::from_u32(0x2800 + bits).unwrap_or(' ')
    };
    (0..ROWS)
        .map(|row| (0..columns).map(|column| character(row, column)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ROWS, lines};

    #[test]
    fn a_line_that_rises_goes_from_corner_to_corner() {
        let drawn = lines(&[Some(0.0), Some(1.0)], (0.0, 1.0), 16);
        assert_eq!(drawn.len(), ROWS);
        assert!(
            drawn[0].ends_with('⠉') || drawn[0].ends_with('⠊'),
            "{drawn:?}"
        );
        assert!(
            drawn[ROWS - 1].starts_with('⣀') || drawn[ROWS - 1].starts_with('⡠'),
            "{drawn:?}"
        );
    }

    #[test]
    fn what_has_no_value_is_not_drawn() {
        let drawn = lines(&[Some(1.0), None, Some(1.0)], (1.0, 1.0), 4).concat();
        let dots: u32 = drawn
            .chars()
            .map(|c| (c as u32 - 0x2800).count_ones())
            .sum();
        assert_eq!(dots, 2, "{drawn}");
        for values in [
            vec![],
            vec![Some(f64::NAN)],
            vec![Some(f64::MAX), Some(-f64::MAX)],
        ] {
            let _ = lines(&values, (-f64::MAX, f64::MAX), 8);
        }
    }
}
