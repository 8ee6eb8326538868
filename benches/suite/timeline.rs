//! The picture of a failover: when each step happened, of both daemons on one time axis.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::failover::millis;
use crate::failover::steps::{Step, Steps};
use crate::quantiles::Quantile;
use crate::turns::Turns;

/// Sizes in pixels.
const WIDTH: f64 = 960.0;
/// Left of it are the names of the steps.
const LEFT: f64 = 250.0;
/// Right of it is room for the last figure.
const RIGHT: f64 = WIDTH - 110.0;
const TOP: f64 = 92.0;
/// A step: a line for each daemon.
const STEP: f64 = 46.0;
const LINE: f64 = 17.0;
/// Milliseconds between two ticks.
const TICK: f64 = 500.0;

const OURS: &str = "#0b6e4f";
const REFERENCE: &str = "#b3541e";
const TEXT: &str = "#1d1d1f";
const FAINT: &str = "#d9d9de";

/// Writes `failover-timeline.svg` into a folder.
pub fn write(folder: &Path, turns: &Turns<Steps>, down_after: Duration) -> Result<(), String> {
    let path = folder.join("failover-timeline.svg");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, draw(turns, millis(down_after))))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    println!("   Written: {}", path.display());
    Ok(())
}

/// Median and p90 of a step, in milliseconds since the fault.
type Spread = (f64, f64);

fn draw(turns: &Turns<Steps>, down_after: f64) -> String {
    let spread = |rounds: &[Steps], step: Step| -> Spread {
        let times: Vec<f64> = rounds.iter().map(|steps| steps.at(step)).collect();
        (Quantile::Median.of(&times), Quantile::P90.of(&times))
    };
    let rows = Step::ALL.map(|step| {
        let both = [&turns.ours, &turns.reference].map(|rounds| spread(rounds, step));
        (step, both)
    });
    let latest = rows.iter().flat_map(|(_, both)| both.map(|(_, p90)| p90));
    // Whole half seconds.
    let end = (latest.fold(down_after, f64::max) / TICK).ceil() * TICK;
    #[expect(clippy::cast_precision_loss)]
    let bottom = TOP + STEP * rows.len() as f64;
    let mut sheet = Sheet {
        end,
        bottom,
        svg: String::new(),
    };
    sheet.legend(turns, down_after);
    sheet.axis(down_after);
    let mut top = TOP;
    for (step, [ours, reference]) in rows {
        sheet.text(
            LEFT - 14.0,
            top + STEP / 2.0 + 4.0,
            "end",
            TEXT,
            step.title(),
        );
        sheet.mark(top + STEP / 2.0 - LINE / 2.0, OURS, ours);
        sheet.mark(top + STEP / 2.0 + LINE / 2.0, REFERENCE, reference);
        top += STEP;
    }
    sheet.close()
}

/// What has been drawn so far.
struct Sheet {
    /// The last millisecond of the axis.
    end: f64,
    /// Where the axis is.
    bottom: f64,
    svg: String,
}

impl Sheet {
    /// The place of a time on the axis.
    fn x(&self, ms: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * ms / self.end
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, colour: &str, words: &str) {
        let _ = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{words}</text>"
        );
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.svg,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        );
    }

    fn legend(&mut self, turns: &Turns<Steps>, down_after: f64) {
        let about = format!(
            "The master is killed at 0: 2 replicas, 3 sentinels, down-after-milliseconds {down_after:.0}"
        );
        self.text(16.0, 28.0, "start", TEXT, &about);
        let marks = format!(
            "dot: median; thin line: to p90; {} and {} rounds",
            turns.ours.len(),
            turns.reference.len()
        );
        self.text(16.0, 50.0, "start", TEXT, &marks);
        self.text(RIGHT - 130.0, 50.0, "end", OURS, "\u{25cf} rsentinel");
        self.text(RIGHT, 50.0, "end", REFERENCE, "\u{25cf} redis-sentinel");
    }

    fn axis(&mut self, down_after: f64) {
        let (bottom, mut tick) = (self.bottom, 0.0);
        while tick <= self.end {
            let x = self.x(tick);
            self.line((x, TOP), (x, bottom), FAINT, 1.0);
            self.text(x, bottom + 22.0, "middle", TEXT, &format!("{tick:.0}"));
            tick += TICK;
        }
        let x = self.x(down_after);
        self.line((x, TOP - 6.0), (x, bottom), TEXT, 1.0);
        self.text(x, TOP - 12.0, "middle", TEXT, "down-after");
        let middle = f64::midpoint(LEFT, RIGHT);
        let words = "milliseconds since the kill";
        self.text(middle, bottom + 46.0, "middle", TEXT, words);
    }

    fn mark(&mut self, y: f64, colour: &str, (median, p90): Spread) {
        let (x, end) = (self.x(median), self.x(p90));
        self.line((self.x(0.0), y), (x, y), colour, 5.0);
        self.line((x, y), (end, y), colour, 1.5);
        let _ = writeln!(
            self.svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>"
        );
        self.text(
            x.max(end) + 10.0,
            y + 4.5,
            "start",
            colour,
            &format!("{median:.0}"),
        );
    }

    fn close(self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {:.0}\" \
             font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.bottom + 60.0,
            self.svg
        )
    }
}
