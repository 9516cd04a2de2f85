//! What the command line takes.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Review AI drafts before they reach a customer.
#[derive(Parser)]
#[command(name = "countersign", version, about, max_term_width = 100)]
pub struct Args {
    /// How to reach a hub.
    #[command(flatten)]
    pub reach: Reach,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How to reach a hub.
#[derive(ClapArgs, Clone)]
pub struct Reach {
    /// A running hub's address; without it the local database is opened.
    #[arg(long, global = true, env = "COUNTERSIGN_HUB", value_name = "URL")]
    pub hub: Option<String>,
    /// The token for that hub; an error without one.
    #[arg(long, global = true, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// sqlite://PATH or postgres://…; the platform's data folder if it is left out. Only `hub` and `pack apply` make one.
    #[arg(long, global = true, env = "COUNTERSIGN_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,
    /// The operator's list of the secrets that packs may name, for a hub in this process.
    #[arg(long, global = true, env = "COUNTERSIGN_SECRETS", value_name = "FILE")]
    pub secrets: Option<PathBuf>,
    /// Print one JSON value on stdout.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Reach {
    /// Settles what is meant: what was typed counts before what the environment says, and an empty variable is none.
    ///
    /// # Errors
    ///
    /// What was typed names no place, or two.
    pub fn settle(&mut self, given: &ArgMatches) -> Result<(), String> {
        let typed = |id: &str| given.value_source(id) == Some(ValueSource::CommandLine);
        for (id, value) in [("hub", &mut self.hub), ("token", &mut self.token), ("database", &mut self.database)] {
            if value.as_ref().is_some_and(|v| v.trim().is_empty()) {
                if typed(id) {
                    return Err(format!("--{id} is empty"));
                }
                *value = None;
            }
        }
        self.secrets = self.secrets.take().filter(|file| !file.as_os_str().is_empty());
        if typed("hub") && typed("database") {
            return Err("--hub and --database name two places; give one of them".to_owned());
        }
        if typed("database") {
            self.hub = None;
            self.token = self.token.take().filter(|_| typed("token"));
        }
        Ok(())
    }

    /// Refuses a token that is for no hub: the command would act as the owner of whatever database is here.
    ///
    /// # Errors
    ///
    /// There is one.
    pub fn token_has_a_hub(&self) -> Result<(), String> {
        match (&self.token, &self.hub) {
            (Some(_), None) => {
                Err("a token is given and no hub that it is for; name the hub with --hub or COUNTERSIGN_HUB, \
                 or leave the token out to act on the database here"
                    .to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl Command {
    /// Whether it goes to a hub or a database.
    pub fn reaches(&self) -> bool {
        !matches!(
            self,
            Self::Hub { .. } | Self::Openapi | Self::Pack(Pack::New { .. }) | Self::Gate(Gate::Bound { .. })
        )
    }

    /// Whether it changes something there.
    pub fn acts(&self) -> bool {
        match self {
            Self::Pack(pack) => matches!(pack, Pack::Apply { .. } | Pack::Rollback { .. }),
            Self::Source(source) => matches!(source, Source::Import { .. }),
            Self::Draft(draft) => matches!(draft, Draft::Import { .. }),
            Self::Escalation(e) => matches!(e, Escalation::Take { .. } | Escalation::Settle { .. }),
            Self::Delivery(delivery) => matches!(delivery, Delivery::Retry { .. }),
            Self::Cases(cases) => matches!(cases, Cases::Export { .. }),
            Self::Incident(incident) => matches!(incident, Incident::Open { .. } | Incident::Close { .. }),
            Self::Token(token) => matches!(token, Token::Create { .. } | Token::Revoke { .. }),
            Self::Secret(secret) => matches!(secret, Secret::Unbind { .. }),
            Self::Promote(_) | Self::Demote(_) | Self::Kill(_) | Self::Resume(_) | Self::Drill { .. } => true,
            Self::Hub { .. } | Self::Status { .. } | Self::Gate(_) | Self::Audit(_) | Self::Doctor | Self::Openapi => {
                false
            }
        }
    }

    /// Whether it may make a database where there is none yet.
    pub fn makes_a_database(&self) -> bool {
        matches!(self, Self::Pack(Pack::Apply { .. }))
    }

    /// Whether it is meant for every workflow there is.
    pub fn is_for_all(&self) -> bool {
        matches!(self, Self::Kill(why) | Self::Resume(why) if why.id == "all")
    }
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Run a hub.
    Hub {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:8787", value_name = "HOST:PORT", value_parser = address)]
        listen: SocketAddr,
        /// Apply every pack in this folder at start.
        #[arg(long, value_name = "DIR")]
        packs: Option<PathBuf>,
        /// Load the demo workflow at start.
        #[arg(long)]
        demo: bool,
        /// Print the owner's link with its token even where stdout is no terminal.
        #[arg(long)]
        print_token: bool,
        /// A proxy, or a network of them, whose X-Forwarded-For and X-Forwarded-Prefix are believed.
        #[arg(long, value_name = "CIDR", value_parser = network, value_delimiter = ',', env = "COUNTERSIGN_TRUST_PROXY")]
        trust_proxy: Vec<Option<ipnet::IpNet>>,
    },
    /// Make, check, apply and show workflow packs.
    #[command(subcommand)]
    Pack(Pack),
    /// Bring in the documents that drafts may cite.
    #[command(subcommand)]
    Source(Source),
    /// Bring drafts in and look at them.
    #[command(subcommand)]
    Draft(Draft),
    /// Where each workflow stands.
    Status {
        /// Only this workflow.
        id: Option<String>,
    },
    /// Promote a workflow to its next stage; only on a green gate.
    Promote(Step),
    /// Send a workflow back to an earlier stage.
    Demote(Step),
    /// The gate of a workflow's next stage.
    #[command(subcommand)]
    Gate(Gate),
    /// Kill a workflow, or `all`: no lease, no verdict, no delivery, at once.
    Kill(Why),
    /// Resume a killed workflow, or `all`, at the stage internal.
    Resume(Why),
    /// Escalations: who they went to and how they were settled.
    #[command(subcommand)]
    Escalation(Escalation),
    /// Replies on their way out.
    #[command(subcommand)]
    Delivery(Delivery),
    /// Outcomes as labels.
    #[command(subcommand)]
    Cases(Cases),
    /// Incidents: what happened, and the runbook beside it.
    #[command(subcommand)]
    Incident(Incident),
    /// Drill a kill on a shadow of a workflow, and measure it; exits 1 if anything got through.
    Drill {
        /// The workflow.
        id: String,
    },
    /// The audit log.
    #[command(subcommand)]
    Audit(Audit),
    /// Bearer tokens.
    #[command(subcommand)]
    Token(Token),
    /// The secrets that packs name; never their values.
    #[command(subcommand)]
    Secret(Secret),
    /// Check that everything the hub needs is there.
    Doctor,
    /// Print the API's OpenAPI document.
    Openapi,
}

/// A workflow and why.
#[derive(ClapArgs)]
pub struct Why {
    /// The workflow, or `all`.
    pub id: String,
    /// Why; it is kept.
    #[arg(long)]
    pub reason: String,
}

/// A workflow, why, and where to.
#[derive(ClapArgs)]
pub struct Step {
    /// The workflow.
    pub id: String,
    /// Why; it is kept.
    #[arg(long)]
    pub reason: String,
    /// The stage to go to: internal, opt_in or default.
    #[arg(long, value_name = "STAGE")]
    pub to: Option<String>,
}

/// Gates.
#[derive(Subcommand)]
pub enum Gate {
    /// Every condition with pass, hold or fail and the reason; exits 1 unless all are green.
    Show {
        /// The workflow.
        id: String,
    },
    /// What it still takes until green, if things go on as they are; exits 1 if it never will be.
    Plan {
        /// The workflow.
        id: String,
    },
    /// The bounds of a failure rate, from `[[probability, failures, successes, unreviewed], …]` on standard input.
    Bound {
        /// The chance that a bound is ever wrong: above 0 and at most 0.5.
        #[arg(long, value_name = "A", default_value_t = 0.05)]
        alpha: f64,
    },
}

/// In which form a pack is shown.
#[derive(Clone, Copy, ValueEnum)]
pub enum PackForm {
    /// As it was applied.
    Toml,
    /// The rollout pack to circulate.
    Txt,
}

/// Workflow packs.
#[derive(Subcommand)]
pub enum Pack {
    /// Write a new pack into a folder of that name.
    New {
        /// The workflow's id.
        id: String,
    },
    /// Check a pack, and say what applying it would do where a hub or a database is there; exits 1 when something is wrong
    /// with it.
    Check {
        /// The pack's folder.
        dir: PathBuf,
    },
    /// Apply a pack: what decides otherwise makes a new version, anything else a revision.
    Apply {
        /// The pack's folder.
        dir: PathBuf,
    },
    /// Return to an earlier version, with its evidence.
    Rollback {
        /// The workflow.
        id: String,
        /// The version to return to.
        #[arg(long, value_name = "N")]
        to: i64,
        /// Why; it is kept.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Show the pack in force.
    Show {
        /// The workflow.
        id: String,
        /// As TOML, or as plain text to circulate.
        #[arg(long, value_enum, default_value = "txt")]
        format: PackForm,
    },
}

/// Sources.
#[derive(Subcommand)]
pub enum Source {
    /// Bring sources in, one JSON object a line.
    Import {
        /// The file; `-` for standard input.
        file: PathBuf,
        /// For this workflow only.
        #[arg(long, value_name = "ID")]
        workflow: Option<String>,
    },
    /// List sources.
    List,
}

/// Drafts.
#[derive(Subcommand)]
pub enum Draft {
    /// Bring drafts in, one `draft.v1` object a line.
    Import {
        /// The file; `-` for standard input.
        file: PathBuf,
        /// For this workflow.
        #[arg(long, value_name = "ID")]
        workflow: String,
    },
    /// List drafts.
    List {
        /// Of this workflow.
        #[arg(long, value_name = "ID")]
        workflow: Option<String>,
        /// In this state.
        #[arg(long)]
        state: Option<String>,
        /// Holding these words.
        #[arg(long)]
        q: Option<String>,
    },
    /// Show one draft.
    Show {
        /// Its id.
        id: String,
    },
}

/// Escalations.
#[derive(Subcommand)]
pub enum Escalation {
    /// List escalations.
    List {
        /// `open` or `settled`.
        #[arg(long)]
        state: Option<String>,
        /// Only those that went to me.
        #[arg(long)]
        mine: bool,
    },
    /// Take one on.
    Take {
        /// Its id.
        id: String,
    },
    /// Settle one.
    Settle {
        /// Its id.
        id: String,
        /// How it was settled.
        #[arg(long)]
        note: String,
    },
}

/// Deliveries.
#[derive(Subcommand)]
pub enum Delivery {
    /// List deliveries.
    List {
        /// Of this workflow.
        #[arg(long, value_name = "ID")]
        workflow: Option<String>,
        /// `pending`, `held`, `delivered` or `undeliverable`.
        #[arg(long)]
        state: Option<String>,
    },
    /// Try one again, now.
    Retry {
        /// Its id.
        id: String,
    },
}

/// In which form cases leave.
#[derive(Clone, Copy, ValueEnum)]
pub enum CaseFormat {
    /// One JSON object a line; loses nothing.
    Jsonl,
}

/// Cases.
#[derive(Subcommand)]
pub enum Cases {
    /// List cases.
    List {
        /// Of this workflow.
        #[arg(long, value_name = "ID")]
        workflow: Option<String>,
        /// `approve`, `edit` or `escalate`.
        #[arg(long)]
        action: Option<String>,
        /// Holding these words.
        #[arg(long)]
        q: Option<String>,
    },
    /// Show one case.
    Show {
        /// Its id.
        id: String,
    },
    /// Export every case of a workflow into a file, whole or not at all.
    Export {
        /// The workflow.
        #[arg(long, value_name = "ID")]
        workflow: String,
        /// The form.
        #[arg(long, value_enum, default_value = "jsonl")]
        format: CaseFormat,
        /// The file; `-` for standard output.
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
        /// Overwrite the file if it is there already.
        #[arg(long)]
        force: bool,
    },
}

/// Incidents.
#[derive(Subcommand)]
pub enum Incident {
    /// List incidents.
    List {
        /// Of this workflow.
        #[arg(long, value_name = "ID")]
        workflow: Option<String>,
        /// `open` or `closed`.
        #[arg(long)]
        state: Option<String>,
    },
    /// Show one with its runbook and timeline.
    Show {
        /// Its id.
        id: String,
    },
    /// Open one by hand.
    Open {
        /// The workflow.
        #[arg(long, value_name = "ID")]
        workflow: String,
        /// A line on what it is.
        #[arg(long)]
        title: String,
    },
    /// Close one.
    Close {
        /// Its id.
        id: String,
    },
    /// Print one as Markdown, to keep elsewhere.
    Export {
        /// Its id.
        id: String,
    },
}

/// The audit log.
#[derive(Subcommand)]
pub enum Audit {
    /// Follow the chain, and hold rows, texts, counts and draws against it; exits 1 and names the first that is wrong.
    Verify {
        /// Also against a checkpoint that was kept elsewhere.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
        /// The chain alone.
        #[arg(long)]
        no_draws: bool,
    },
    /// Print a signed checkpoint to keep elsewhere.
    Checkpoint,
    /// Print every entry, one JSON object a line.
    Export,
}

/// Tokens.
#[derive(Subcommand)]
pub enum Token {
    /// Make a token; its secret is shown this once.
    Create {
        /// A role; may be given several times.
        #[arg(long, required = true)]
        role: Vec<String>,
        /// Only in this workflow.
        #[arg(long, value_name = "ID")]
        workflow: Option<String>,
        /// The name its holder acts under; the same name is the same person.
        #[arg(long)]
        name: Option<String>,
        /// An escalation route its holder answers for; may be given several times.
        #[arg(long)]
        route: Vec<String>,
        /// Until when it is good, RFC 3339.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// List tokens.
    List,
    /// Revoke a token at once.
    Revoke {
        /// Its id.
        id: String,
    },
}

/// Secrets.
#[derive(Subcommand)]
pub enum Secret {
    /// List them: which workflow and host each is bound to, and what stands in its way.
    List,
    /// Free one for another workflow or host.
    Unbind {
        /// Its name.
        name: String,
    },
}

/// A network, or an address alone; an empty variable is none.
fn network(text: &str) -> Result<Option<ipnet::IpNet>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let address = |_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
    let network = text.parse().or_else(address);
    network.map(Some).map_err(|_| "expected a network such as 10.0.0.0/8, or an address".to_owned())
}

/// Where to listen. Of a name's addresses it is the first of IPv4, where it has one.
fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = |why: String| format!("expected HOST:PORT such as 127.0.0.1:8787 or localhost:8787{why}");
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    if !matches!(port, Some(Ok(_))) {
        return Err(expected(String::new()));
    }
    let found: Vec<SocketAddr> = text.to_socket_addrs().map_err(|e| expected(format!(": {e}")))?.collect();
    let first = found.iter().find(|a| a.is_ipv4()).or_else(|| found.first());
    first.copied().ok_or_else(|| expected(String::new()))
}
