//! Which secrets a pack may name. They belong to the operator: either a file of theirs lists each with the workflows and
//! hosts it is for, or a name of the right form is bound to the first workflow that names it, and to its hosts.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use crate::pack::{PAGERDUTY_URL, Pack, PackError};

/// What a name begins with that a pack may choose by itself.
pub const PREFIX: &str = "COUNTERSIGN_SECRET_";
/// The usual name of the secret that webhooks are signed with.
pub const WEBHOOK: &str = "COUNTERSIGN_WEBHOOK_SECRET";

/// A place in a pack that names a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The key, such as `delivery.secret_env`.
    pub key: String,
    /// The secret's name.
    pub name: String,
    /// The host that it is sent to, or signs for. Slack's is part of the secret, and PagerDuty's is known.
    pub host: Option<String>,
    /// Whether webhooks are signed with it.
    pub is_webhook: bool,
}

/// What the operator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allowed {
    /// Names of the right form, each bound to one workflow and its hosts at that pack's first apply.
    #[default]
    ByName,
    /// Those of a file.
    Listed(BTreeMap<String, Listed>),
}

/// What one secret may be used for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// In which workflows.
    pub workflows: Vec<String>,
    /// Towards which hosts, without a port.
    #[serde(default)]
    pub hosts: Vec<String>,
}

impl Allowed {
    /// Reads an operator's file: `[secret.NAME]` with `workflows` and `hosts`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for its author.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[serde(default)]
            secret: BTreeMap<String, Listed>,
        }
        let file: File = toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| e.to_string())?;
        Ok(Self::Listed(file.secret))
    }

    /// Whether a workflow may use a secret so.
    ///
    /// # Errors
    ///
    /// Why not, as a pack's author may know it.
    pub fn check(&self, workflow: &str, used: &Use) -> Result<(), String> {
        match self {
            Self::ByName if used.name.len() > PREFIX.len() && used.name.starts_with(PREFIX) => Ok(()),
            Self::ByName if used.is_webhook && used.name == WEBHOOK => Ok(()),
            Self::ByName if used.is_webhook => Err(format!(
                "a name beginning with {PREFIX}, or {WEBHOOK}, unless the operator's secrets file lists it"
            )),
            Self::ByName => Err(format!("a name beginning with {PREFIX}, unless the operator's secrets file lists it")),
            Self::Listed(all) => {
                // A name that isn't listed and one that is listed for others are told alike.
                let listed = all.get(&used.name).filter(|l| l.workflows.iter().any(|w| w == workflow));
                let listed = listed.ok_or_else(|| "a secret that the operator lists for this workflow".to_owned())?;
                match &used.host {
                    Some(host) if !listed.hosts.iter().any(|h| h.eq_ignore_ascii_case(host)) => {
                        Err(format!("a secret that the operator lists for {host}"))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

impl Pack {
    /// Every place of this pack that names a secret.
    #[must_use]
    pub fn secrets(&self) -> Vec<Use> {
        let named = |key: &str, name: &Option<String>, host: Option<String>, is_webhook| {
            name.as_ref().map(|name| Use { key: key.to_owned(), name: name.clone(), host, is_webhook })
        };
        let mut all = Vec::new();
        if let Some(delivery) = &self.delivery {
            let host = || host_of(&delivery.url);
            all.extend(named("delivery.secret_env", &Some(delivery.secret_env.clone()), host(), true));
            all.extend(named("delivery.previous_secret_env", &delivery.previous_secret_env, host(), true));
        }
        for (i, pull) in self.pull.iter().enumerate() {
            all.extend(named(&format!("pull[{i}].token_env"), &pull.token_env, host_of(&pull.url), false));
        }
        if let Some(alerts) = &self.alerts {
            let url = Some(&alerts.pagerduty_url).filter(|url| *url != PAGERDUTY_URL);
            all.extend(named("alerts.slack_url_env", &alerts.slack_url_env, None, false));
            all.extend(named(
                "alerts.pagerduty_key_env",
                &alerts.pagerduty_key_env,
                url.and_then(|u| host_of(u)),
                false,
            ));
        }
        all
    }
}

/// The fault of a pack that names a secret which it may not; `text` is its `workflow.toml`.
#[must_use]
pub fn fault(text: &str, used: &Use, expected: String) -> PackError {
    let line = text.lines().position(|line| line.contains(&used.name)).map_or(1, |at| at + 1);
    PackError {
        file: Pack::WORKFLOW_FILE.to_owned(),
        line,
        key: used.key.clone(),
        expected,
        found: used.name.clone(),
        did_you_mean: None,
    }
}

/// The host of a URL, without its port.
fn host_of(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn used(name: &str, host: Option<&str>, is_webhook: bool) -> Use {
        Use { key: "k".into(), name: name.into(), host: host.map(str::to_owned), is_webhook }
    }

    #[test]
    fn without_a_file_a_name_of_the_right_form_will_do() {
        let all = Allowed::default();
        assert!(all.check("a", &used("COUNTERSIGN_SECRET_SLACK", None, false)).is_ok());
        assert!(all.check("a", &used(WEBHOOK, Some("h"), true)).is_ok());
        for (name, is_webhook) in [
            (WEBHOOK, false),
            ("COUNTERSIGN_DATABASE", true),
            ("COUNTERSIGN_TOKEN", false),
            (PREFIX, false),
            ("AWS_SECRET_ACCESS_KEY", false),
        ] {
            assert!(all.check("a", &used(name, Some("h"), is_webhook)).is_err(), "{name}");
        }
    }

    #[test]
    fn a_file_says_for_which_workflows_and_hosts_each_is() {
        let file = "[secret.HELPDESK]\nworkflows = [\"a\"]\nhosts = [\"help.example.com\"]\n[secret.SLACK]\nworkflows = [\"a\"]\n";
        assert_eq!(Allowed::parse(&format!("\u{feff}{file}")), Allowed::parse(file), "as an editor saves it");
        let all = Allowed::parse(file).unwrap();
        assert!(all.check("a", &used("HELPDESK", Some("Help.example.com"), false)).is_ok());
        assert!(all.check("a", &used("SLACK", None, false)).is_ok());
        assert!(all.check("b", &used("HELPDESK", Some("help.example.com"), false)).is_err());
        assert!(all.check("a", &used("HELPDESK", Some("evil.example.com"), false)).is_err());
        assert!(all.check("a", &used("COUNTERSIGN_SECRET_X", None, false)).is_err(), "a file is all there is");
        for wrong in ["[secret.X]\nhosts = []\n", "[secret.X]\nworkflow = [\"a\"]\n", "[secrets]\n", "secret = 1"] {
            assert!(Allowed::parse(wrong).is_err(), "{wrong}");
        }
    }
}
