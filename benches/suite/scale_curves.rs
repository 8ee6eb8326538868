//! The picture of many deaths at once: time until everything is published against the number of
//! masters that died, both axes logarithmic, so that a straight slope of one is linear growth.

use std::fmt::Write as _;
use std::path::Path;

/// Sizes in pixels.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 470.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = WIDTH - 130.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = HEIGHT - 62.0;

const OURS: &str = "#0b6e4f";
const REFERENCE: &str = "#b3541e";
const TEXT: &str = "#1d1d1f";
const FAINT: &str = "#d9d9de";

/// Seconds at which lines are drawn.
const SECONDS: [f64; 11] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// One round.
#[derive(Clone, Debug)]
pub struct Point {
    pub masters: usize,
    /// Seconds from the kill to the last publication, or the limit.
    pub seconds: f64,
    /// How many were published within the limit; fewer than `masters`: it is drawn hollow.
    pub published: usize,
}

/// Writes `scale-curves.svg` into a folder.
pub fn write(
    folder: &Path,
    about: &str,
    goal: f64,
    [ours, reference]: &[Vec<Point>; 2],
) -> Result<(), String> {
    let path = folder.join("scale-curves.svg");
    let svg = draw(about, goal, ours, reference);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, svg))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    println!("   Written: {}", path.display());
    Ok(())
}

fn draw(about: &str, goal: f64, ours: &[Point], reference: &[Point]) -> String {
    let masters: Vec<f64> = ours.iter().chain(reference).map(Point::x).collect();
    let least = masters.iter().copied().fold(f64::INFINITY, f64::min);
    let most = masters.iter().copied().fold(1.0, f64::max);
    let mut sheet = Sheet {
        masters: (least / 1.25, (most * 1.25).max(least * 2.0)),
        svg: String::new(),
    };
    sheet.text(16.0, 28.0, "start", TEXT, about);
    sheet.text(
        16.0,
        50.0,
        "start",
        TEXT,
        "filled: all published; hollow: not all within the limit",
    );
    sheet.text(RIGHT, 72.0, "end", REFERENCE, "\u{25cf} redis-sentinel");
    sheet.text(RIGHT - 130.0, 72.0, "end", OURS, "\u{25cf} rsentinel");
    let mut sizes = masters;
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    sheet.axes(&sizes);
    let y = Sheet::y(goal);
    sheet.line((LEFT, y), (RIGHT, y), TEXT, "stroke-dasharray=\"5 4\"");
    sheet.text(RIGHT + 8.0, y + 4.5, "start", TEXT, "goal to 1000");
    if let Some(first) = ours.iter().find(|point| point.is_complete()) {
        sheet.linear(first);
    }
    sheet.curve(reference, REFERENCE, 20.0);
    sheet.curve(ours, OURS, -12.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
        sheet.svg
    )
}

impl Point {
    fn is_complete(&self) -> bool {
        self.published >= self.masters
    }

    #[expect(clippy::cast_precision_loss)]
    fn x(&self) -> f64 {
        self.masters as f64
    }
}

/// What has been drawn so far.
struct Sheet {
    /// The ends of the axis of masters.
    masters: (f64, f64),
    svg: String,
}

impl Sheet {
    fn x(&self, masters: f64) -> f64 {
        let (least, most) = self.masters;
        LEFT + (RIGHT - LEFT) * (masters / least).ln() / (most / least).ln()
    }

    fn y(seconds: f64) -> f64 {
        let (least, most) = (SECONDS[0], SECONDS[SECONDS.len() - 1]);
        BOTTOM - (BOTTOM - TOP) * (seconds / least).ln() / (most / least).ln()
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, colour: &str, words: &str) {
        let _ = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{words}</text>"
        );
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, more: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.svg,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" {more}/>"
        );
    }

    fn axes(&mut self, sizes: &[f64]) {
        for seconds in SECONDS {
            let y = Sheet::y(seconds);
            self.line((LEFT, y), (RIGHT, y), FAINT, "");
            self.text(LEFT - 10.0, y + 4.5, "end", TEXT, &format!("{seconds} s"));
        }
        for size in sizes {
            let x = self.x(*size);
            self.line((x, TOP), (x, BOTTOM), FAINT, "");
            self.text(x, BOTTOM + 22.0, "middle", TEXT, &format!("{size:.0}"));
        }
        let middle = f64::midpoint(LEFT, RIGHT);
        let words = "masters that died at once";
        self.text(middle, BOTTOM + 46.0, "middle", TEXT, words);
    }

    /// What linear growth from our first point would be, as far as there is room.
    fn linear(&mut self, first: &Point) {
        let most = SECONDS[SECONDS.len() - 1];
        let end = self.masters.1.min(first.x() * most / first.seconds);
        let seconds = first.seconds * end / first.x();
        let (from, to) = (
            (self.x(first.x()), Sheet::y(first.seconds)),
            (self.x(end), Sheet::y(seconds)),
        );
        self.line(from, to, "#9a9aa2", "stroke-dasharray=\"2 4\"");
        self.text(to.0 + 8.0, to.1 + 4.5, "start", "#6e6e73", "linear growth");
    }

    /// Points, joined; their figures `shift` pixels below them.
    fn curve(&mut self, points: &[Point], colour: &str, shift: f64) {
        let at = |sheet: &Sheet, point: &Point| (sheet.x(point.x()), Sheet::y(point.seconds));
        for pair in points.windows(2) {
            let (from, to) = (at(self, &pair[0]), at(self, &pair[1]));
            self.line(from, to, colour, "stroke-width=\"2\"");
        }
        for point in points {
            let (x, y) = at(self, point);
            let fill = if point.is_complete() {
                colour
            } else {
                "#ffffff"
            };
            let _ = writeln!(
                self.svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            );
            let words = if point.is_complete() {
                format!("{:.1} s", point.seconds)
            } else {
                format!("{} of {}", point.published, point.masters)
            };
            self.text(x, y + shift, "middle", colour, &words);
        }
    }
}
