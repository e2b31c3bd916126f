//! `talkback user …`: local accounts, and what an operator does about people.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{print, role};
use crate::app::{self, AppError, Opened};
use crate::auth::password::{self, BadPassword, PASSWORD_MAX_BYTES};
use crate::config::Config;
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User, UserKind};
use crate::private;
use crate::service::{Failure, Service};
use crate::store::{Member, Store, StoreError, login};

/// What can be done about people.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make an account that signs in with its name and a password; the password is asked for
    Add {
        /// The name that others see, and that one signs in with
        #[arg(long, value_parser = super::name)]
        name: String,
        /// What its holder may do: READER, MODERATOR, EDITOR or ADMIN
        #[arg(long, value_parser = role)]
        role: Role,
        /// Read the password from standard input, up to the end of its first line
        #[arg(long)]
        password_stdin: bool,
    },
    /// List everybody but guests: id, role, how they sign in, since when, name
    List,
    /// Set another password; all sessions of the account end
    Password {
        #[command(flatten)]
        whom: Whom,
        /// Read the password from standard input, up to the end of its first line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account another role; it holds within two seconds, on every node
    Role {
        #[command(flatten)]
        whom: Whom,
        /// What its holder may do from now on: READER, MODERATOR, EDITOR or ADMIN
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// Write all that is held of a person, as JSON Lines
    Export {
        #[command(flatten)]
        whom: Whom,
        /// The file to write, which must not be there yet; without it, standard output
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Delete an account for good: what names the person, and the words of all their comments
    Delete {
        #[command(flatten)]
        whom: Whom,
        /// Yes, for good: nothing brings it back
        #[arg(long, required = true)]
        yes: bool,
    },
    /// End all sessions and bearer tokens of a person, on every node, within two seconds
    SignOut {
        #[command(flatten)]
        whom: Whom,
    },
}

/// A person.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Whom {
    /// The name of an account
    #[arg(long)]
    name: Option<String>,
    /// The id of a person, as `talkback user list` or the API shows it
    #[arg(long)]
    id: Option<String>,
}

/// Why it was not done, in one line.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The store or what it needs.
    #[error(transparent)]
    App(#[from] AppError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password can't be one.
    #[error(transparent)]
    Password(#[from] BadPassword),
    /// There is no password to be had.
    #[error("can't read the password: {0}")]
    Unread(String),
    /// Nobody, or more than one.
    #[error("{0}")]
    Whom(String),
    /// Nobody would be left who may administer.
    #[error(
        "{0} is the only administrator: give somebody else the role ADMIN first, by `talkback user role`"
    )]
    LastAdmin(String),
    /// Somebody signs in under that name.
    #[error(
        "there is an account of that name; `talkback user password` sets its password, `talkback user role` its role"
    )]
    Taken,
    /// The file can't be written.
    #[error("can't write {path}: {reason}")]
    Unwritten {
        /// Which.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Something that was asked of the service itself.
    #[error(transparent)]
    Service(#[from] Failure),
    /// The host site says so.
    #[error("{0} signs in at the host site, which says what they may do")]
    Sso(String),
    /// Guests have nothing to sign in with, and nobody is left of a deleted account.
    #[error("{0} has no account: make one by `talkback user add`")]
    NoAccount(String),
}

/// Runs one of them.
///
/// # Errors
/// [`UserError`].
pub async fn run(config: &Config, command: UserCommand) -> Result<(), UserError> {
    let opened = match command {
        UserCommand::Add { .. } => app::open(config).await?,
        _ => app::open_existing(config).await?,
    };
    let done = execute(&opened, command).await;
    opened.store.close().await;
    done
}

async fn execute(opened: &Opened, command: UserCommand) -> Result<(), UserError> {
    let Opened { store, clock, .. } = opened;
    let said = match command {
        UserCommand::Add { name, role, password_stdin } => {
            if store.password_of(&name).await?.is_some() {
                return Err(UserError::Taken);
            }
            let hash = password::hash(&ask(password_stdin)?)?;
            // One who has had tokens under that name gets a password, and stays who they are.
            let user = app::local_user(store, clock, &name, role).await?;
            set_password(opened, &user, hash).await?;
            format!("{name} may sign in as {}. The id is {}.\n", role.name(), user.id)
        }
        UserCommand::List => list(&store.members().await?),
        UserCommand::Password { whom, password_stdin } => {
            let Member { user, kind, .. } = find(store, &whom).await?;
            match kind {
                UserKind::Local => {}
                UserKind::Sso => return Err(UserError::Sso(user.display_name)),
                UserKind::Guest | UserKind::Deleted => return Err(UserError::NoAccount(user.display_name)),
            }
            set_password(opened, &user, password::hash(&ask(password_stdin)?)?).await?;
            format!("{} has a new password, and no session any more.\n", user.display_name)
        }
        UserCommand::Role { whom, role } => {
            let Member { user, kind, .. } = find(store, &whom).await?;
            if kind == UserKind::Sso {
                return Err(UserError::Sso(user.display_name));
            }
            let tx = store.write().await?;
            if role != Role::Admin && user.role == Role::Admin && !tx.has_another_admin(user.id).await? {
                return Err(UserError::LastAdmin(user.display_name));
            }
            if !tx.set_role(user.id, role, clock.now()).await? {
                return Err(UserError::NoAccount(user.display_name));
            }
            tx.commit().await?;
            format!("{} is {} now.\n", user.display_name, role.name())
        }
        UserCommand::Export { whom, output } => {
            let id = find(store, &whom).await?.user.id;
            return export(&app::service_alone(opened), id, output.as_deref()).await;
        }
        UserCommand::Delete { whom, yes: _ } => {
            let user = find(store, &whom).await?.user;
            let service = app::service_alone(opened);
            let mut erased = 0;
            loop {
                let erasure = service.erase(user.id, None).await?;
                let erasure = erasure.map_err(|_| UserError::LastAdmin(user.display_name.clone()))?;
                erased += erasure.comments;
                if erasure.is_complete {
                    break;
                }
            }
            let name = user.display_name;
            format!("The account of {name} is deleted, and the words of {erased} comments with it.\n")
        }
        UserCommand::SignOut { whom } => {
            let user = find(store, &whom).await?.user;
            let tx = store.write().await?;
            tx.end_sessions(user.id, clock.now()).await?;
            tx.commit().await?;
            format!("{} is signed out everywhere.\n", user.display_name)
        }
    };
    let _ = print(&said);
    Ok(())
}

/// Writes the pages as they come: an export has no upper bound.
async fn export(service: &Service, id: UserId, output: Option<&Path>) -> Result<(), UserError> {
    let unwritten = |error: std::io::Error| UserError::Unwritten {
        path: output.map_or_else(|| "to standard output".to_owned(), |path| path.display().to_string()),
        reason: error.to_string(),
    };
    let mut out: Box<dyn Write> = match output {
        Some(path) => Box::new(private::create(path).map_err(unwritten)?),
        None => Box::new(std::io::stdout()),
    };
    let mut place = None;
    loop {
        let page = service.export(id, place).await?;
        for line in page.lines {
            writeln!(out, "{line}").map_err(unwritten)?;
        }
        place = page.next;
        if place.is_none() {
            return out.flush().map_err(unwritten);
        }
    }
}

async fn set_password(opened: &Opened, user: &User, hash: String) -> Result<(), UserError> {
    let tx = opened.store.write().await?;
    match tx.set_password(user, hash, opened.clock.now()).await {
        Ok(()) => Ok(tx.commit().await?),
        Err(error) if error.is_duplicate() => Err(UserError::Taken),
        Err(error) => Err(error.into()),
    }
}

/// Whoever is meant.
///
/// # Errors
/// [`UserError::Whom`]: nobody, or several of that name.
pub async fn find(store: &Store, whom: &Whom) -> Result<Member, UserError> {
    if let Some(id) = &whom.id {
        let wrong = || UserError::Whom(format!("there is nobody with the id {id}"));
        let id = parse_id(id).ok_or_else(wrong)?;
        return store.member(id).await?.ok_or_else(wrong);
    }
    let name = login(whom.name.as_deref().unwrap_or_default());
    let mut named = store.members().await?;
    named.retain(|member| login(&member.user.display_name) == name);
    // A name that somebody signs in with is theirs, whoever else goes by it.
    if named.iter().any(|member| member.has_password) {
        named.retain(|member| member.has_password);
    }
    match named.len() {
        1 => named.pop().ok_or_else(|| UserError::Whom(String::new())),
        0 => {
            Err(UserError::Whom(format!("there is no account named {name}; `talkback user list` shows them")))
        }
        _ => Err(UserError::Whom(format!(
            "several people go by {name}; name one by --id:\n{}",
            list(&named).trim_end()
        ))),
    }
}

/// An id as the API writes it, or as this command line does.
fn parse_id(text: &str) -> Option<UserId> {
    if let Ok(id) = Uuid::try_parse(text) {
        return Some(UserId(id));
    }
    match crate::graphql::GlobalId::decode(&async_graphql::ID(text.to_owned())) {
        Ok(crate::graphql::GlobalId::User(id)) => Some(id),
        Ok(_) | Err(_) => None,
    }
}

fn list(members: &[Member]) -> String {
    let line = |member: &Member| {
        let how = match member.kind {
            UserKind::Guest => "guest",
            UserKind::Sso => "host site",
            UserKind::Local if member.has_password => "password",
            UserKind::Local => "token",
            UserKind::Deleted => "deleted",
        };
        let since = member.created_at.format("%Y-%m-%d");
        let user = &member.user;
        format!("{}  {:<9}  {how:<9}  {since}  {}\n", user.id, user.role.name(), user.display_name)
    };
    members.iter().map(line).collect()
}

/// A password, typed twice unseen, or the first line of standard input.
fn ask(from_stdin: bool) -> Result<String, UserError> {
    let unread = |error: std::io::Error| UserError::Unread(error.to_string());
    if from_stdin {
        let mut text = String::new();
        let limit = PASSWORD_MAX_BYTES as u64 + 2;
        std::io::stdin().lock().take(limit).read_to_string(&mut text).map_err(unread)?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    if !std::io::stdin().is_terminal() {
        return Err(UserError::Unread(
            "there is no terminal to type it at; give it by --password-stdin".to_owned(),
        ));
    }
    let typed = rpassword::prompt_password("Password: ").map_err(unread)?;
    if rpassword::prompt_password("Again: ").map_err(unread)? != typed {
        return Err(UserError::Unread("the two are not the same".to_owned()));
    }
    Ok(typed)
}
