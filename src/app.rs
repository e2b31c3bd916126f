//! The composition root: the only place that names concrete implementations. Start, run, drain, stop.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::password::Passwords;
use crate::auth::{Gate, KeyError, Refused, SigningKey, SourceError, Sso, Tokens, digest, sign_in_code};
use crate::bus::{BusError, EventBus, LocalBus, Notices, RedisBus};
use crate::clock::Clock;
use crate::config::Config;
use crate::crowd::Crowd;
use crate::demo;
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User, UserKind};
use crate::feed::Feed;
use crate::graphql::documents::{Documents, OperationsError, Registered, Validator};
use crate::graphql::{Engine, Site, Terms};
use crate::handles;
use crate::http::address::Proxies;
use crate::http::serve::{self, Door};
use crate::http::{Around, Edge, Sockets, router, serve_metrics};
use crate::limits;
use crate::memory;
use crate::pace::Pace;
use crate::private;
use crate::service::Service;
use crate::service::hook::{Hook, HookError};
use crate::service::rulebook::Rulebook;
use crate::store::{ConnectError, DatabaseUrl, Store, StoreError};
use crate::upkeep;

/// How long a one-time sign-in can be used.
const SIGN_IN_LASTS: chrono::Duration = chrono::Duration::minutes(30);

/// Why the node does not start, or stopped: one line, without secrets.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The data directory can't be made or written to.
    #[error("can't use the data directory {path}: {reason}")]
    DataDir {
        /// Which.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Another node serves from this data directory.
    #[error("another Talkback serves from {0}; stop that one, or choose another --data-dir")]
    InUse(String),
    /// The database can't be opened.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The signing key can't be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A token can't be signed.
    #[error("can't sign a token: {0}")]
    Token(#[from] Refused),
    /// The keys of single sign-on are no good.
    #[error(transparent)]
    Sso(#[from] SourceError),
    /// Redis can't be reached.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The moderation hook can't be asked from this machine.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The registered operations can't be read.
    #[error(transparent)]
    Operations(#[from] OperationsError),
    /// The demo newsroom can't be loaded.
    #[error(transparent)]
    Demo(#[from] demo::DemoError),
    /// The address can't be listened on.
    #[error("can't listen on {address}: {reason}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// The schema's own text does not parse.
    #[error("the schema is broken: {0}")]
    Schema(#[from] async_graphql::parser::Error),
}

/// A store with what signs tokens for it: what every command opens.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Tokens of this installation.
    pub tokens: Tokens,
    /// Time and ids.
    pub clock: Arc<Clock>,
}

/// Opens the store of a configuration, makes it where there is none, and brings its schema up to date.
///
/// # Errors
/// [`AppError`].
pub async fn open(config: &Config) -> Result<Opened, AppError> {
    if let DatabaseUrl::Sqlite(_) = &config.database {
        make_data_dir(config)?;
    }
    opened(config, Store::open(&config.database).await?).await
}

/// Opens the store of a configuration as it is: for commands that are about what is there. A name mistyped is told, and not
/// answered with a new store in which everything is as it should be.
///
/// # Errors
/// [`AppError`].
pub async fn open_existing(config: &Config) -> Result<Opened, AppError> {
    opened(config, Store::open_existing(&config.database).await?).await
}

async fn opened(config: &Config, store: Store) -> Result<Opened, AppError> {
    let clock = Arc::new(Clock::system());
    let key = match &config.database {
        DatabaseUrl::Sqlite(_) => SigningKey::from_file(&config.data_dir.join("signing.key"))?,
        DatabaseUrl::Postgres(_) => SigningKey::from_store(&store).await?,
    };
    let tokens = Tokens::new(&key, Arc::clone(&clock));
    Ok(Opened { store, tokens, clock })
}

/// The use cases for a command, which tells no node of what it does: nodes that run read it in the store, within
/// a second or two.
#[must_use]
pub fn service_alone(opened: &Opened) -> Service {
    let (bus, _) = LocalBus::new();
    let (store, clock) = (opened.store.clone(), Arc::clone(&opened.clock));
    Service { store, bus, clock, rulebook: Arc::new(Rulebook::unhurried()) }
}

/// A node that listens but does not serve yet.
pub struct Node {
    listener: TcpListener,
    /// For `/metrics`, where the operator wants them.
    metrics: Option<TcpListener>,
    edge: Edge,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where readers find it.
    pub base_url: String,
    /// A link that signs a moderator in once, on an installation that runs on its own.
    pub sign_in: Option<String>,
    config: Config,
    /// Held for as long as the node lives.
    _lock: Option<File>,
}

impl Node {
    /// Opens everything that serving needs.
    ///
    /// # Errors
    /// [`AppError`], in one line.
    pub async fn start(config: Config) -> Result<Self, AppError> {
        let lock = match &config.database {
            DatabaseUrl::Sqlite(_) => Some(lock(&config)?),
            DatabaseUrl::Postgres(_) => None,
        };
        let Opened { store, tokens, clock } = open(&config).await?;
        let (bus, notices): (Arc<dyn EventBus>, Notices) = match &config.redis_url {
            Some(url) => {
                let (bus, notices) = RedisBus::connect(url, &config.redis_prefix).await?;
                (bus, notices)
            }
            None => {
                let (bus, notices) = LocalBus::new();
                (bus, notices)
            }
        };
        let hook = config.moderation_hook.clone().map(Hook::new).transpose()?;
        let rulebook = if config.rate_limits { Rulebook::default() } else { Rulebook::unhurried() };
        let rulebook = Arc::new(rulebook.with_hook(hook));
        let service =
            Service { store: store.clone(), bus: Arc::clone(&bus), clock: Arc::clone(&clock), rulebook };
        if config.demo && store.is_empty().await? {
            // Whoever has a say on readers' comments is not asked about a newsroom that was made up.
            let rulebook = Arc::new(Rulebook::unhurried());
            demo::load(&Service { rulebook, ..service.clone() }).await?;
        }
        let (listener, address) = listen(config.listen).await?;
        let metrics = match config.metrics_listen {
            Some(wanted) => {
                let (listener, address) = listen(wanted).await?;
                tracing::info!(%address, "metrics on http://{address}/metrics");
                Some(listener)
            }
            None => None,
        };
        let base_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        if let Some(mut lock) = lock.as_ref() {
            let told = lock.set_len(0).and_then(|()| lock.write_all(base_url.as_bytes()));
            told.map_err(|error| data_dir_error(&config, &error))?;
        }
        let site = Site { base_url: base_url.clone() };
        let feed = Feed::start(store.clone(), Arc::clone(&bus), notices);
        let pace = match (&config.redis_url, config.rate_limits) {
            (_, false) => None,
            (Some(url), true) => Some(Pace::shared(url, &config.redis_prefix).await?),
            (None, true) => Some(Pace::default()),
        };
        let passwords = Passwords::new(config.rate_limits);
        let sso = match &config.sso {
            Some(sso) => Some(Sso::open(sso).await?),
            None => None,
        };
        let gate = Gate::new(store.clone(), Arc::clone(&clock), tokens, passwords, sso);
        let terms = Terms {
            limits: config.limits.clone(),
            pace,
            documents: documents(&config).await?,
            introspection: config.introspection,
        };
        let engine = Engine::new(service.clone(), feed, gate.clone(), site.clone(), terms)?;
        let sign_in = match &config.database {
            DatabaseUrl::Sqlite(_) => Some(sign_in_link(&store, &clock, &base_url).await?),
            DatabaseUrl::Postgres(_) => None,
        };
        let edge = Edge {
            engine,
            service,
            gate,
            site,
            allow_origin: config.allow_origin.clone().into(),
            bus,
            connections: Crowd::default(),
            streams: Crowd::default(),
            sockets: Sockets::default(),
            leaving: CancellationToken::new(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Ok(Self { listener, metrics, edge, address, base_url, sign_in, config, _lock: lock })
    }

    /// Serves until `stop` ends, then leaves: `/readyz` says so for as long as balancers need to notice; then what was
    /// begun is finished, and streams are told to come back.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { listener, metrics, edge, config, _lock, .. } = self;
        let stopping = edge.stopping.clone();
        let store = edge.service.store.clone();
        let tasks = TaskTracker::new();
        tasks.spawn(upkeep::run(edge.service.clone(), config.feed_retention, stopping.clone()));
        tasks.spawn(edge.gate.clone().listen(stopping.clone()));
        tasks.spawn(edge.gate.clone().watch_keys(stopping.clone()));
        let load = Arc::clone(edge.engine.load());
        tasks.spawn(memory::watch(load, config.limits.memory_mib, stopping.clone()));
        let over = CancellationToken::new();
        if let Some(listener) = metrics {
            tasks.spawn(serve_metrics(listener, edge.clone(), over.clone()));
        }
        let proxies = Proxies::new(&config.trusted_proxy, config.proxy_header);
        let leaving = edge.leaving.clone();
        let around = Around {
            proxies: proxies.clone(),
            is_secure: config.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
            leaving: leaving.clone(),
        };
        let mut limits = serve::Limits::from(&config.limits);
        limits.connections = handles::enough_for(limits.connections);
        let door = Door {
            limits,
            proxies,
            connections: edge.connections.clone(),
            tasks: edge.tasks.clone(),
            stopping: stopping.clone(),
        };
        let app = router(edge, around);
        let leave_wait = limits::seconds(config.limits.leave_seconds);
        let asked = async move {
            stop.await;
            leaving.cancel();
            if !leave_wait.is_zero() {
                tracing::info!("leaving in {} s: /readyz says so", leave_wait.as_secs());
                tokio::time::sleep(leave_wait).await;
            }
            tracing::info!("stopping: finishing what was begun");
            stopping.cancel();
        };
        tokio::join!(asked, serve::serve(listener, app, door));
        over.cancel();
        tasks.close();
        if tokio::time::timeout(Duration::from_secs(1), async {
            tasks.wait().await;
            store.close().await;
        })
        .await
        .is_err()
        {
            tracing::warn!("the database did not close in time");
        }
    }
}

/// What clients may name instead of sending it.
async fn documents(config: &Config) -> Result<Documents, AppError> {
    let registered = match &config.operations {
        Some(path) => Registered::load(path, &Validator::new(&config.limits)?).await?,
        None => Registered::default(),
    };
    let documents = Documents::new(registered, config.operations_only);
    Ok(match &config.redis_url {
        Some(url) => documents.shared(url, &config.redis_prefix)?,
        None => documents,
    })
}

async fn listen(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), AppError> {
    let failed = |error: std::io::Error| AppError::Listen { address: wanted, reason: error.to_string() };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Takes the data directory for this process alone: nodes that share a SQLite file would each think that
/// theirs is the only bus. The system lets go of it when the process ends, however it ends.
fn lock(config: &Config) -> Result<File, AppError> {
    make_data_dir(config)?;
    let path = config.data_dir.join("serve.lock");
    let failed = |error: std::io::Error| data_dir_error(config, &error);
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AppError::InUse(config.data_dir.display().to_string())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Where readers find the server that runs on this store, as far as can be told from here: where it said when it started,
/// last of all where it would listen.
#[must_use]
pub fn base_url(config: &Config) -> String {
    let told = || match &config.database {
        DatabaseUrl::Sqlite(_) => std::fs::read_to_string(config.data_dir.join("serve.lock")).ok(),
        DatabaseUrl::Postgres(_) => None,
    };
    let told = config.public_url.clone().or_else(told).filter(|url| !url.is_empty());
    told.unwrap_or_else(|| format!("http://{}", config.listen))
}

fn make_data_dir(config: &Config) -> Result<(), AppError> {
    private::create_dir(&config.data_dir).map_err(|error| data_dir_error(config, &error))
}

fn data_dir_error(config: &Config, error: &std::io::Error) -> AppError {
    AppError::DataDir { path: config.data_dir.display().to_string(), reason: error.to_string() }
}

/// A person with a local account, made if there is none of that name and role.
///
/// # Errors
/// The store failed.
pub async fn local_user(store: &Store, clock: &Clock, name: &str, role: Role) -> Result<User, StoreError> {
    if let Some(user) = store.local_user(name, role).await? {
        return Ok(user);
    }
    let user = User { id: UserId(clock.new_id()), display_name: name.to_owned(), role };
    store.add_user(&user, UserKind::Local, clock.now()).await?;
    Ok(user)
}

/// A link that signs a moderator in, once.
///
/// # Errors
/// The store failed, or the machine has no randomness to give.
pub async fn sign_in_link(store: &Store, clock: &Clock, base_url: &str) -> Result<String, AppError> {
    let user = local_user(store, clock, "Moderator", Role::Admin).await?;
    let code = sign_in_code().map_err(KeyError::from)?;
    store.add_sign_in_code(digest(&code), user.id, clock.now() + SIGN_IN_LASTS).await?;
    Ok(format!("{base_url}/sign-in?code={code}"))
}
