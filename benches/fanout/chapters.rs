//! The chapters of the report.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::closed::{self, Cost, Stand};
use super::followed;
use super::machine::Cores;
use super::paced::{self, Load, Outcome};
use super::plot::{self, Group};
use super::report::{Report, figure};
use super::subject::{Baseline, Subject, Talkback, idle_kib};
use super::support::world::Backend;
use super::wire::Transport;

const ROUNDS: usize = 3;
/// Comments that a moderator approves at a time.
const TOGETHER: u32 = 20;

struct Run {
    cores: Cores,
    runtime: Runtime,
    quick: bool,
    report: Report,
    plot: Vec<Group>,
}

/// Measures and tells; `parts` names chapters, none means all.
pub fn run(quick: bool, parts: &[&str]) {
    let cores = Cores::find();
    cores.be_the_load();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let mut run = Run { cores, runtime, quick, report: Report::default(), plot: Vec::new() };
    let started = Instant::now();
    if !cores.are_two() {
        run.report.heading(
            "One core",
            "The machine has one core: server and load share it, and figures mean little.",
        );
    }
    type Chapter = fn(&mut Run);
    let chapters: [(&str, Chapter); 6] = [
        ("closed", Run::closed),
        ("idle", Run::idle),
        ("paced", Run::paced),
        ("overload", Run::overload),
        ("nodes", Run::nodes),
        ("followed", Run::followed),
    ];
    for (name, chapter) in chapters {
        if parts.is_empty() || parts.contains(&name) {
            let begun = Instant::now();
            chapter(&mut run);
            eprintln!("{name}: {:.0?}", begun.elapsed());
        }
    }
    let title = format!("Fan-out{}, {:.0?}", if quick { ", quick" } else { "" }, started.elapsed());
    super::say(run.report.text());
    let plot = plot::draw("Deliveries a second, one server core", &run.plot);
    match run.report.write(&title, &plot) {
        Ok(path) => super::say(&format!("The report is {}", path.display())),
        Err(error) => super::say(&format!("The report could not be written: {error}")),
    }
}

impl Run {
    fn talkback(&self) -> Talkback {
        Talkback::start(&self.runtime, self.cores, Backend::Embedded)
    }

    fn stock(&self) -> Baseline {
        Baseline::start(&self.runtime, self.cores, "stock", "stock")
    }

    fn raw(&self) -> Baseline {
        Baseline::start(&self.runtime, self.cores, "raw sockets", "raw")
    }

    fn closed(&mut self) {
        let sizes: &[usize] = if self.quick { &[1, 100, 1000] } else { &[1, 100, 1000, 5000] };
        for transport in [Transport::WebSocket, Transport::Sse] {
            // In the order of `sizes`, each with a cost for every server.
            let mut costs: Vec<Vec<(&'static str, Cost)>> = Vec::new();
            let talkback = self.talkback();
            let stock = (transport == Transport::WebSocket).then(|| self.stock());
            for &readers in sizes {
                let raw = self.raw();
                let mut subjects: Vec<&dyn Subject> = vec![&talkback];
                subjects.extend(stock.iter().map(|stock| stock as &dyn Subject));
                subjects.push(&raw);
                costs.push(measure(&subjects, transport, readers, self.quick));
            }
            talkback.check(&self.runtime);
            self.tell_closed(transport, &costs);
        }
    }

    fn tell_closed(&mut self, transport: Transport, costs: &[Vec<(&'static str, Cost)>]) {
        let what = "Closed loop: the next event when every reader has the last. The first ratios are of the server's CPU time \
                    for one delivery more, which other work on the machine hardly touches; then by the clock, as a whole \
                    (with the write of the comment and its acknowledgement) and of the fan-out alone (less the time \
                    of an event to a single reader).";
        self.report.heading(&format!("Fan-out over {}", transport.name()), what);
        let alone = &costs[0];
        let mut rows = Vec::new();
        for of_size in costs.iter().skip(1) {
            let mut group = Group { name: String::new(), bars: Vec::new() };
            let rate = |cost: &Cost| cost.readers as f64 / cost.wall.as_secs_f64();
            let one = |name: &str| alone.iter().find(|(known, _)| *known == name).map(|(_, cost)| *cost);
            let net = |name: &str, cost: &Cost| {
                let one = one(name).unwrap_or(*cost);
                let more = cost.readers.saturating_sub(1) as f64;
                let wall = cost.wall.saturating_sub(one.wall).as_secs_f64() / more;
                let cpu = cost.cpu.saturating_sub(one.cpu).as_secs_f64() / more;
                (1.0 / wall, cpu * 1e6)
            };
            let base =
                of_size.iter().map(|(name, cost)| (*name, rate(cost), net(name, cost))).collect::<Vec<_>>();
            for (name, rate, (net, cpu)) in &base {
                let readers = of_size[0].1.readers;
                let against = |other: &str| {
                    let found = base.iter().find(|(known, ..)| *known == other && other != *name);
                    let cells = found.map(|(_, whole, (alone, each))| {
                        (figure(each / cpu), format!("{} / {}", figure(rate / whole), figure(net / alone)))
                    });
                    cells.unwrap_or_else(|| ("–".to_owned(), "–".to_owned()))
                };
                let (stock, raw) = (against("stock"), against("raw sockets"));
                group.name = format!("{} × {readers}", transport.name());
                group.bars.push((*name, *net));
                rows.push(vec![
                    format!("{readers} · {name}"),
                    stock.0,
                    raw.0,
                    figure(*cpu),
                    stock.1,
                    raw.1,
                    figure(*rate),
                    figure(*net),
                ]);
            }
            self.plot.push(group);
        }
        let head = [
            "readers · server",
            "× stock",
            "× raw",
            "µs CPU each",
            "× stock by the clock (whole / fan-out)",
            "× raw by the clock",
            "deliveries/s, whole",
            "fan-out alone",
        ];
        self.report.table(&head, &rows);
        let what = "An event to one reader: the write, its acknowledgement, one execution. And what is left of an event's CPU time \
                    when each delivery is taken off at the price of the largest crowd's.";
        self.report.heading(&format!("Per event over {}", transport.name()), what);
        let largest = &costs[costs.len() - 1];
        let mut rows = Vec::new();
        for (at, (name, one)) in alone.iter().enumerate() {
            let most = &largest[at].1;
            let price = most.cpu.saturating_sub(one.cpu).as_secs_f64() / (most.readers - 1) as f64;
            let mut row = vec![(*name).to_owned(), figure(one.wall.as_secs_f64() * 1e6)];
            for of_size in costs {
                let cost = &of_size[at].1;
                row.push(format!("{:.0}", (cost.cpu.as_secs_f64() - price * cost.readers as f64) * 1e6));
            }
            rows.push(row);
        }
        let sizes = costs.iter().map(|of_size| format!("µs CPU, {} readers", of_size[0].1.readers));
        let head: Vec<String> =
            ["server".to_owned(), "µs to one reader".to_owned()].into_iter().chain(sizes).collect();
        self.report.table(&head.iter().map(String::as_str).collect::<Vec<_>>(), &rows);
    }

    fn idle(&mut self) {
        let readers = if self.quick { 1000 } else { 5000 };
        let mut rows = Vec::new();
        for transport in [Transport::WebSocket, Transport::Sse] {
            let talkback = self.talkback();
            // The first connections pay for what all share.
            drop(talkback.crowd(transport, 50));
            rows.push(vec![
                format!("{} · Talkback", transport.name()),
                figure(idle_kib(&talkback, transport, readers)),
            ]);
            if transport == Transport::WebSocket {
                let stock = self.stock();
                drop(stock.crowd(transport, 50));
                rows.push(vec!["WebSocket · stock".to_owned(), figure(idle_kib(&stock, transport, readers))]);
            }
        }
        self.report.heading(
            "Memory",
            &format!("Resident memory of the server per idle subscription, of {readers}."),
        );
        self.report.table(&["", "KiB each"], &rows);
    }

    fn paced(&mut self) {
        let lasting = Duration::from_secs(if self.quick { 4 } else { 15 });
        let mut rows = Vec::new();
        for transport in [Transport::WebSocket, Transport::Sse] {
            for per_second in [10, 20] {
                let load = Load { per_second, lasting, together: 1 };
                let talkback = self.talkback();
                rows.push(row(transport, &talkback, load, &paced::run(&talkback, transport, 1000, load)));
                if transport == Transport::WebSocket {
                    let stock = self.stock();
                    rows.push(row(transport, &stock, load, &paced::run(&stock, transport, 1000, load)));
                }
            }
        }
        self.report.heading("At a pace", PACED);
        self.report.table(&PACED_HEAD, &rows);
    }

    fn overload(&mut self) {
        let lasting = Duration::from_secs(if self.quick { 4 } else { 10 });
        let mut rows = Vec::new();
        for transport in [Transport::WebSocket, Transport::Sse] {
            for per_second in [300, 600] {
                let load = Load { per_second, lasting, together: TOGETHER };
                let talkback = self.talkback();
                rows.push(row(transport, &talkback, load, &paced::run(&talkback, transport, 1000, load)));
                talkback.check(&self.runtime);
            }
        }
        let (stock, transport) = (self.stock(), Transport::WebSocket);
        let load = Load { per_second: 300, lasting, together: 1 };
        rows.push(row(transport, &stock, load, &paced::run(&stock, transport, 1000, load)));
        let what = format!(
            "A moderator approves {TOGETHER} waiting comments at a time; the stock server is sent its events one by one."
        );
        self.report.heading("More than one write per delivery can carry", &format!("{what} {PACED}"));
        self.report.table(&PACED_HEAD, &rows);
    }

    fn nodes(&mut self) {
        let lasting = Duration::from_secs(if self.quick { 4 } else { 15 });
        let mut rows = Vec::new();
        for transport in [Transport::WebSocket, Transport::Sse] {
            for per_second in [10, 20] {
                let load = Load { per_second, lasting, together: 1 };
                let talkback = Talkback::start(&self.runtime, self.cores, Backend::Scaled);
                rows.push(row(transport, &talkback, load, &paced::run(&talkback, transport, 1000, load)));
            }
        }
        let what = "Comments are written at one node and read at another: PostgreSQL, Redis and both nodes share the server's core.";
        self.report.heading("Across two nodes", &format!("{what} {PACED}"));
        self.report.table(&PACED_HEAD, &rows);
    }

    fn followed(&mut self) {
        let articles = if self.quick { 200 } else { 1000 };
        let talkback = Talkback::start(&self.runtime, self.cores, Backend::Scaled);
        let outcome = followed::run(&self.runtime, &talkback, articles, 3);
        let what = "On PostgreSQL and Redis. While nothing happens, both nodes together compare all that they serve with the store once a second.";
        self.report.heading("Many followed articles", what);
        let (p50, p99) = outcome.latency;
        self.report.table(
            &["articles × readers", "idle statements/s", "idle share of the core", "p50 ms", "p99 ms"],
            &[vec![
                format!("{} × {}", outcome.articles, outcome.readers_each),
                outcome.idle_statements.map_or_else(|| "–".to_owned(), figure),
                format!("{:.1} %", outcome.idle_busy * 100.0),
                figure(p50),
                figure(p99),
            ]],
        );
    }
}

/// All servers in turn, several times: what the machine does meanwhile hits each alike.
fn measure(
    subjects: &[&dyn Subject],
    transport: Transport,
    readers: usize,
    quick: bool,
) -> Vec<(&'static str, Cost)> {
    let mut sample = Vec::new();
    let mut stands = Vec::new();
    for subject in subjects {
        let stand = Stand::prepare(*subject, transport, readers, &sample);
        if sample.is_empty() {
            sample = stand.sample();
        }
        stands.push(stand);
    }
    for _ in 0..ROUNDS {
        for stand in &mut stands {
            stand.round(closed::events(readers, quick));
        }
    }
    subjects.iter().zip(&stands).map(|(subject, stand)| (subject.name(), stand.cost())).collect()
}

const PACED: &str = "To 1,000 readers, all of them checked for order. From the time that an event bears, which lies before its \
                     commit; and from its acknowledgement, where one writer makes them all.";
const PACED_HEAD: [&str; 9] = [
    "offered · server",
    "p50 / p99 ms from the event",
    "p50 / p99 ms from the acknowledgement",
    "delivered",
    "events/s",
    "deliveries/s",
    "deliveries per read",
    "share of the core",
    "µs each",
];

fn row(transport: Transport, subject: &dyn Subject, load: Load, outcome: &Outcome) -> Vec<String> {
    let pair = |(p50, p99): (f64, f64)| format!("{} / {}", figure(p50), figure(p99));
    let due = outcome.published * outcome.readers as u64;
    let rate = outcome.per_second * outcome.readers as f64;
    vec![
        format!("{} · {}/s · {}", transport.name(), load.per_second, subject.name()),
        pair(outcome.from_event),
        outcome.from_ack.map_or_else(|| "–".to_owned(), pair),
        if outcome.delivered == due {
            format!("all {due}")
        } else {
            format!("{} of {due}", outcome.delivered)
        },
        figure(outcome.per_second),
        figure(rate),
        figure(outcome.coalesced),
        format!("{:.0} %", outcome.busy * 100.0),
        figure(outcome.busy * 1e6 / rate),
    ]
}
