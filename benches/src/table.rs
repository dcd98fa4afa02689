//! How results are shown.

use std::time::Duration;

/// A row of the cost table.
pub(crate) struct Row {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What is measured.
    pub(crate) what: &'static str,
    /// What it should reach.
    pub(crate) target: &'static str,
    /// How it is measured.
    pub(crate) method: &'static str,
    /// Measures.
    pub(crate) run: fn() -> Vec<Figure>,
}

/// One measured figure.
pub(crate) struct Figure {
    label: String,
    value: String,
}

impl Figure {
    /// A figure with its unit.
    pub(crate) fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }

    /// So many per second.
    pub(crate) fn rate(label: &str, count: usize, took: Duration) -> Self {
        Self::new(label, format!("{:.0}/s", per_second(count, took)))
    }

    /// A ratio.
    pub(crate) fn ratio(label: &str, ratio: f64) -> Self {
        Self::new(label, format!("{ratio:.2}"))
    }

    /// A time in milliseconds.
    pub(crate) fn millis(label: &str, time: Duration) -> Self {
        Self::new(label, format!("{:.3} ms", time.as_secs_f64() * 1_000.0))
    }
}

/// How many per second.
#[expect(clippy::cast_precision_loss, reason = "counts of a measurement are small")]
pub(crate) fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// The value below which so many per cent of the times lie.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

/// Prints one row with its figures.
pub(crate) fn print(row: &Row, figures: &[Figure]) {
    println!("\n{}: {}", row.name, row.what);
    println!("  to reach: {}", row.target);
    println!("  method:   {}", row.method);
    let width = figures.iter().map(|figure| figure.label.chars().count()).max().unwrap_or(0);
    for figure in figures {
        println!("  {:<width$}  {}", figure.label, figure.value);
    }
}
