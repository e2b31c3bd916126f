//! A bar chart as SVG, by hand: groups of bars with their figures on them.

use std::fmt::Write as _;

use super::report::figure;

/// Bars that belong together.
pub struct Group {
    pub name: String,
    pub bars: Vec<(&'static str, f64)>,
}

const COLOURS: [(&str, &str); 3] =
    [("Talkback", "#1b6e5a"), ("stock", "#b9770e"), ("raw sockets", "#8a8f98")];
const BAR: f64 = 46.0;
const GAP: f64 = 26.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 20.0;
const TOP: f64 = 64.0;

/// Draws them to one scale.
pub fn draw(title: &str, groups: &[Group]) -> String {
    let largest = groups.iter().flat_map(|group| &group.bars).map(|bar| bar.1).fold(1.0, f64::max);
    let width = LEFT * 2.0 + groups.iter().map(|group| group.bars.len() as f64 * BAR + GAP).sum::<f64>();
    let full = TOP + HEIGHT + 44.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {full:.0}\" width=\"{width:.0}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"{title}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"15\" font-weight=\"600\">{title}</text>\n"
    );
    for (at, (name, colour)) in COLOURS.iter().enumerate() {
        let x = LEFT + at as f64 * 120.0;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"32\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"42\">{name}</text>",
            x + 17.0
        );
    }
    let mut x = LEFT;
    let floor = TOP + HEIGHT;
    for group in groups {
        let middle = x + group.bars.len() as f64 * BAR / 2.0;
        for (name, value) in &group.bars {
            let tall = value / largest * (HEIGHT - 16.0);
            let colour = COLOURS.iter().find(|(known, _)| known == name).map_or("#555", |(_, colour)| colour);
            let _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"10\">{}</text>",
                x + 2.0,
                floor - tall,
                BAR - 4.0,
                x + BAR / 2.0,
                floor - tall - 4.0,
                figure(*value),
            );
            x += BAR;
        }
        let _ = writeln!(
            svg,
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            floor + 18.0,
            group.name
        );
        x += GAP;
    }
    svg.push_str("</svg>\n");
    svg
}
