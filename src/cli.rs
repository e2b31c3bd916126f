//! The command line.

mod import;
mod users;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Duration;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::{self, Node, Opened};
use crate::config::{Config, Settings};
use crate::domain::text;
use crate::domain::user::{Role, User};
use crate::graphql;
use crate::limits;
use crate::telemetry;
use import::Import;
use users::UserCommand;

/// Articles, reader comments, moderation and a live feed, as one GraphQL service.
///
/// Without a command it serves: SQLite in ./data, on http://127.0.0.1:8080, with a demo newsroom the first
/// time. Every option can also be set as a TALKBACK_… variable or in talkback.toml.
#[derive(Parser)]
#[command(name = "talkback", version, after_help = EXAMPLES, after_long_help = long_help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLES: &str = "Examples:
  talkback                                      serve on http://127.0.0.1:8080, everything in ./data
  talkback --listen 0.0.0.0:80 --public-url https://comments.example.org
  talkback --database-url postgres://talkback:…@db/talkback --redis-url redis://cache
                                                one of several nodes of one service
  talkback token --role EDITOR --name Ana       a bearer token for the API
  talkback user add --role MODERATOR --name Mo  an account that signs in with a password
  talkback import jsonl archive.jsonl           articles and comments from elsewhere; import --help says how
  talkback check                                verify every invariant of the store";

/// What `--help` says that `-h` does not.
fn long_help() -> String {
    format!("{}\n{EXAMPLES}", limits::help())
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API and the pages (what happens without a command)
    Serve,
    /// Print a bearer token for the configured store
    Token {
        /// What its bearer may do: READER, MODERATOR, EDITOR or ADMIN
        #[arg(long, value_parser = role)]
        role: Role,
        /// The name that others see
        #[arg(long, value_parser = name)]
        name: String,
        /// For how long, such as 45m, 12h or 7d
        #[arg(long, default_value = "12h", value_parser = ttl)]
        ttl: Duration,
    },
    /// Accounts: add, list, set passwords and roles, sign people out
    #[command(subcommand)]
    User(UserCommand),
    /// Print a link that signs an administrator in on the pages, once, within 30 minutes
    SignIn,
    /// Print the GraphQL schema
    Schema,
    /// Verify every invariant of the store: counts, threads, history and the event log
    Check,
    /// Bring in articles and comments from elsewhere, each once, however often it is run
    #[command(after_help = import::FORMAT)]
    Import(Import),
    /// Copy the SQLite store into a new file, as of one instant, while the server runs (PostgreSQL: use pg_dump)
    Backup {
        /// The file to write; there must be none of that name
        file: PathBuf,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| "one of READER, MODERATOR, EDITOR, ADMIN".to_owned())
}

/// A name as accounts have it: what can't be seen in it is taken out.
fn name(text: &str) -> Result<String, String> {
    let name = text::single_line(text);
    if name.is_empty() || text::length(&name) > User::NAME_MAX || name.len() > User::NAME_MAX * 16 {
        return Err(format!("a name has 1 to {} characters", User::NAME_MAX));
    }
    Ok(name)
}

fn ttl(text: &str) -> Result<Duration, String> {
    let wrong = || "a number with s, m, h or d, such as 12h; at most 3650d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let ttl = number.checked_mul(seconds).and_then(Duration::try_seconds).ok_or_else(wrong)?;
    if ttl <= Duration::zero() || ttl > Duration::days(3650) {
        return Err(wrong());
    }
    Ok(ttl)
}

/// What every command has to do with: where the store is, and how to say so. The rest is the server's.
const STORE_SETTINGS: [&str; 3] = ["data_dir", "database_url", "log_format"];

/// The command line. Every setting is taken everywhere, as it is in the environment and in the file; the help of a command
/// shows those that it heeds.
fn parse() -> Cli {
    let mut command = Cli::command();
    // Hands the settings on to the commands.
    command.build();
    let settings: Vec<String> = Settings::augment_args(clap::Command::new("settings"))
        .get_arguments()
        .map(|it| it.get_id().to_string())
        .collect();
    for subcommand in command.get_subcommands_mut().filter(|it| it.get_name() != "serve") {
        show_own(subcommand, &settings);
    }
    Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

fn show_own(command: &mut clap::Command, settings: &[String]) {
    let of_server = |id: &str| settings.iter().any(|it| it == id) && !STORE_SETTINGS.contains(&id);
    let shown = std::mem::take(command)
        .mut_args(|arg| if of_server(arg.get_id().as_str()) { arg.hide(true) } else { arg });
    *command = shown;
    command.get_subcommands_mut().for_each(|it| show_own(it, settings));
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let Cli { command, settings } = parse();
    match command.unwrap_or(Command::Serve) {
        Command::Schema => print(&graphql::sdl()),
        command => {
            let config = match settings.resolve() {
                Ok(config) => config,
                Err(error) => return fail(&error.to_string()),
            };
            let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return fail(&format!("can't start: {error}")),
            };
            let telemetry = match telemetry::start(config.log_format) {
                Ok(telemetry) => telemetry,
                Err(why) => return fail(&why),
            };
            let done = runtime.block_on(execute(command, config));
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            drop(telemetry);
            done
        }
    }
}

async fn execute(command: Command, config: Config) -> ExitCode {
    let done = match command {
        Command::Serve => serve(config).await,
        Command::Token { role, name, ttl } => token(&config, role, &name, ttl).await,
        Command::SignIn => sign_in(&config).await,
        Command::User(command) => {
            return match users::run(&config, command).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error.to_string()),
            };
        }
        Command::Import(what) => return bring_in(&config, &what).await,
        Command::Check => return check(&config).await,
        Command::Backup { file } => return backup(&config, &file).await,
        Command::Schema => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

async fn serve(config: Config) -> Result<(), app::AppError> {
    let node = Node::start(config).await?;
    let url = &node.base_url;
    let mut welcome = format!("Talkback is listening on http://{}\n\n", node.address);
    for (what, path) in
        [("the stories", "/"), ("the API", "/graphql"), ("GraphiQL", "/graphiql"), ("the desk", "/moderate")]
    {
        welcome.push_str(&format!("  {what:<12}{url}{path}\n"));
    }
    if let Some(link) = &node.sign_in {
        welcome.push_str(&format!(
            "  {:<12}{link}\n              (signs a moderator in, once, within 30 minutes)\n",
            "sign in"
        ));
    }
    welcome.push_str("\nCtrl-C stops it.\n");
    let _ = print(&welcome);
    tracing::info!(address = %node.address, "listening on http://{}", node.address);
    let _quota = outlive_quotas();
    node.serve(asked_to_stop()).await;
    Ok(())
}

/// A limit on the size of files ends a process that reaches it, unless the signal is heard: then the write
/// fails, as on a full disk, and reading goes on.
#[cfg(unix)]
fn outlive_quotas() -> Option<tokio::signal::unix::Signal> {
    const SIGXFSZ: i32 = if cfg!(any(target_arch = "mips", target_arch = "mips64")) { 31 } else { 25 };
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(SIGXFSZ)).ok()
}

#[cfg(not(unix))]
fn outlive_quotas() {}

/// SIGTERM or Ctrl-C.
async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            },
            Err(error) => {
                tracing::warn!(%error, "SIGTERM can't be heard; Ctrl-C can");
                let _ = interrupted.await;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = interrupted.await;
}

async fn token(config: &Config, role: Role, name: &str, ttl: Duration) -> Result<(), app::AppError> {
    let Opened { store, tokens, clock } = app::open_existing(config).await?;
    let user = app::local_user(&store, &clock, name, role).await?;
    let epoch = store.epoch(user.id).await?.unwrap_or_default();
    let session = tokens.issue(&user, epoch, ttl)?;
    let _ = print(&format!("{}\n", session.token));
    store.close().await;
    Ok(())
}

async fn sign_in(config: &Config) -> Result<(), app::AppError> {
    let Opened { store, clock, .. } = app::open_existing(config).await?;
    let link = app::sign_in_link(&store, &clock, &app::base_url(config)).await?;
    let _ = print(&format!("{link}\n"));
    store.close().await;
    Ok(())
}

/// The copy holds everything but the key that signs tokens, which lies beside the store: with it, sessions go on
/// after a restore; without it, everybody signs in again.
async fn backup(config: &Config, file: &Path) -> ExitCode {
    let opened = match app::open_existing(config).await {
        Ok(opened) => opened,
        Err(error) => return fail(&error.to_string()),
    };
    let done = opened.store.backup(file).await;
    opened.store.close().await;
    match done {
        Ok(()) => print(&format!(
            "Wrote {}. To restore it, stop the server and put it in place of talkback.db, without the files \
             talkback.db-wal and talkback.db-shm. Keep signing.key with it: without that, everybody signs in again.\n",
            file.display()
        )),
        Err(error) => fail(&error.to_string()),
    }
}

/// Lines that were left out are a failure, for whoever runs it unwatched.
async fn bring_in(config: &Config, what: &Import) -> ExitCode {
    match import::run(config, what).await {
        Ok(tally) => {
            let _ = print(&format!("{tally}\n"));
            if tally.left_out() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => fail(&error.to_string()),
    }
}

async fn check(config: &Config) -> ExitCode {
    let opened = match app::open_existing(config).await {
        Ok(opened) => opened,
        Err(error) => return fail(&error.to_string()),
    };
    let report = match opened.store.check().await {
        Ok(report) => report,
        Err(error) => return fail(&error.to_string()),
    };
    opened.store.close().await;
    let mut text = format!(
        "Checked {} articles, {} comments, {} events and {} lines of history.\n",
        report.articles, report.comments, report.events, report.entries
    );
    for violation in &report.violations {
        text.push_str(&format!("  {violation}\n"));
    }
    if report.violations.is_empty() {
        return print(&format!("{text}Everything is as it should be.\n"));
    }
    let _ = print(&text);
    fail(&format!("{} violations", report.violations.len()))
}

/// Standard output is for what was asked for; a reader that has gone is not a failure.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "talkback: {why}");
    ExitCode::FAILURE
}
