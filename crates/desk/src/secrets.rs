//! The secrets that packs name: bound when a pack is applied, and looked at again whenever one is used.

use crate::{Desk, DeskError, record};
use countersign_domain::access::{Act, HUB, Identity, Scope};
use countersign_domain::pack::{Pack, PackFiles};
use countersign_domain::secret::{Allowed, Use, fault};
use countersign_domain::time::Millis;
use countersign_providers::WebhookClient;
use countersign_store::secrets::{self, BindingRow};
use countersign_store::workflows::{self, Hold};
use countersign_store::{Tx, meta};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// A secret that a pack names, or that is bound; never its value.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SecretView {
    /// Its name.
    pub name: String,
    /// The workflow that names it, or that it is bound to.
    pub workflow: String,
    /// The hosts it may be used towards.
    pub hosts: Vec<String>,
    /// Since when it is bound; left out where it isn't, or where the operator's file says what it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_at: Option<Millis>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_by: Option<String>,
    /// Whether this hub has a value for it.
    pub set: bool,
    /// The places of the current pack that name it.
    pub named_by: Vec<String>,
    /// Why the workflow can't use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What is wrong with the value that this hub has for it, or that it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
}

/// A place in a pack whose secret can't do what it is for as things are.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SecretFault {
    /// The place, such as `delivery.secret_env`.
    pub key: String,
    /// The secret's name.
    pub name: String,
    /// What is wrong; never its value.
    pub why: String,
}

/// What is wrong with a secret's value for what it is named for.
fn fault_of(used: &Use, value: Option<&str>) -> Option<&'static str> {
    let Some(value) = value.filter(|v| !v.is_empty()) else { return Some("isn't set") };
    if value.contains(['\n', '\r']) {
        return Some("has a line end in it, which a file or `echo` may have added; set it without");
    }
    if value.contains(char::is_whitespace) {
        return Some("has a space in it; set it without");
    }
    if used.is_webhook {
        return match WebhookClient::takes(value) {
            true => None,
            false if value.starts_with("v1,") => Some("begins with v1,; the secret is what follows, whsec_…"),
            false => Some("is no webhook secret: expected whsec_ and the base64 of at least 24 bytes"),
        };
    }
    let is_address = used.key == "alerts.slack_url_env";
    if is_address && !value.starts_with("https://") && !value.starts_with("http://") {
        return Some("is no address: expected one such as https://hooks.slack.com/…");
    }
    let sendable = value.bytes().all(|b| b.is_ascii_graphic());
    (!sendable).then_some("has letters or signs that can't be sent in a request's header")
}

fn hosts_of(row: &BindingRow) -> Vec<String> {
    serde_json::from_str(&row.hosts).unwrap_or_default()
}

/// Whether a bound secret may be used so.
fn fits(row: Option<&BindingRow>, workflow: &str, used: &Use) -> Result<(), String> {
    match row {
        // Whose it is, is nobody's business but an admin's of everything.
        Some(row) if row.workflow_id != workflow => Err("a secret that isn't bound to another workflow".to_owned()),
        Some(row) => match &used.host {
            Some(host) if !hosts_of(row).contains(host) => {
                Err(format!("a secret that isn't bound to another host than {host}; `secret unbind` frees it"))
            }
            _ => Ok(()),
        },
        None => Err("a secret that is bound to this workflow; applying its pack again binds it".to_owned()),
    }
}

impl Desk {
    /// Binds what a pack names to its workflow, where it is free; refuses the pack where it is not.
    pub(crate) async fn bind_secrets(
        &self,
        tx: &mut Tx,
        pack: &Pack,
        files: &PackFiles,
        by: &str,
        now: Millis,
    ) -> Result<(), DeskError> {
        let (workflow, uses) = (pack.workflow.id.as_str(), pack.secrets());
        let text = files.get(Pack::WORKFLOW_FILE).map(String::as_str).unwrap_or_default();
        let mut faults = Vec::new();
        for used in &uses {
            let mut fits_here = self.inner.allowed.check(workflow, used);
            if fits_here.is_ok() && self.inner.allowed == Allowed::ByName {
                let mut hosts: Vec<&String> =
                    uses.iter().filter(|u| u.name == used.name).filter_map(|u| u.host.as_ref()).collect();
                hosts.dedup();
                let row = secrets::bind(tx, &used.name, workflow, &json!(hosts).to_string(), now, by).await?;
                fits_here = fits(row.as_ref(), workflow, used);
            }
            if let Err(expected) = fits_here {
                faults.push(fault(text, used, expected));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(DeskError::Pack(faults)) }
    }

    /// A secret's value, for one use of it by a workflow.
    pub(crate) async fn secret(&self, workflow: &str, used: &Use) -> Result<String, String> {
        let name = &used.name;
        let refused = |expected: String| format!("the secret {name} can't be used: expected {expected}");
        self.inner.allowed.check(workflow, used).map_err(refused)?;
        if self.inner.allowed == Allowed::ByName {
            let row = async { Ok::<_, DeskError>(secrets::get(&mut self.read().await?, name).await?) };
            let row = row.await.map_err(|_| format!("whose the secret {name} is can't be read now"))?;
            fits(row.as_ref(), workflow, used).map_err(refused)?;
        }
        let value = (self.inner.secrets)(name);
        match fault_of(used, value.as_deref()) {
            Some(fault) => Err(format!("the secret {name} {fault}")),
            None => Ok(value.unwrap_or_default()),
        }
    }

    /// What stands in the way of the secrets that a pack names, were it applied now. Whose a name is that this workflow
    /// may not use, and whether it has a value, is not told.
    pub(crate) async fn secret_faults(&self, tx: &mut Tx, pack: &Pack) -> Result<Vec<SecretFault>, DeskError> {
        let workflow = pack.workflow.id.as_str();
        let mut faults = Vec::new();
        for used in pack.secrets() {
            let mut expected = self.inner.allowed.check(workflow, &used).err();
            if expected.is_none()
                && self.inner.allowed == Allowed::ByName
                && let Some(row) = secrets::get(tx, &used.name).await?
            {
                expected = fits(Some(&row), workflow, &used).err();
            }
            let why = match expected {
                Some(expected) => Some(format!("can't be used: expected {expected}")),
                None => fault_of(&used, (self.inner.secrets)(&used.name).as_deref()).map(str::to_owned),
            };
            faults.extend(why.map(|why| SecretFault { key: used.key, name: used.name, why }));
        }
        Ok(faults)
    }

    /// The secret at this place of a pack.
    pub(crate) async fn secret_at(&self, workflow: &str, pack: &Pack, key: &str) -> Result<Option<String>, String> {
        match pack.secrets().into_iter().find(|used| used.key == key) {
            Some(used) => self.secret(workflow, &used).await.map(Some),
            None => Ok(None),
        }
    }

    /// Once, in a database from before secrets were bound: binds each to the one workflow that names it, and leaves
    /// those that several name to the operator.
    pub async fn adopt_secrets(&self) -> Result<(), DeskError> {
        if self.inner.allowed != Allowed::ByName {
            return Ok(());
        }
        let mut tx = self.write().await?;
        if meta::get(&mut tx, "secrets_bound").await?.is_some() {
            return Ok(());
        }
        let now = self.now();
        meta::get_or_set(&mut tx, "secrets_bound", &now.0.to_string()).await?;
        let mut named: BTreeMap<String, Vec<(String, Option<String>)>> = BTreeMap::new();
        for w in workflows::list(&mut tx, Hold::Look).await? {
            let version = self.version(&mut tx, &w.id, w.version).await?;
            let fine = version.pack.secrets().into_iter().filter(|used| Allowed::ByName.check(&w.id, used).is_ok());
            fine.for_each(|used| named.entry(used.name).or_default().push((w.id.clone(), used.host)));
        }
        for (name, uses) in &named {
            let Some((workflow, _)) = uses.first() else { continue };
            if uses.iter().all(|(w, _)| w == workflow) {
                let mut hosts: Vec<&String> = uses.iter().filter_map(|(_, host)| host.as_ref()).collect();
                hosts.dedup();
                secrets::bind(&mut tx, name, workflow, &json!(hosts).to_string(), now, HUB).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// Every secret that a pack names or that is bound, with what stands in its way.
    pub async fn list_secrets(&self, who: &Identity) -> Result<Vec<SecretView>, DeskError> {
        let scope = who.scope(Act::Secrets);
        let mut tx = self.read().await?;
        let bound = secrets::list(&mut tx).await?;
        let mut views: BTreeMap<(String, String), SecretView> = BTreeMap::new();
        for row in bound.iter().filter(|row| scope.includes(&row.workflow_id)) {
            let view = SecretView {
                name: row.name.clone(),
                workflow: row.workflow_id.clone(),
                hosts: hosts_of(row),
                bound_at: Some(Millis(row.bound_at)),
                bound_by: Some(row.bound_by.clone()),
                set: (self.inner.secrets)(&row.name).is_some(),
                named_by: Vec::new(),
                refused: None,
                fault: None,
            };
            views.insert((row.workflow_id.clone(), row.name.clone()), view);
        }
        for w in workflows::list(&mut tx, Hold::Look).await?.into_iter().filter(|w| scope.includes(&w.id)) {
            for used in self.version(&mut tx, &w.id, w.version).await?.pack.secrets() {
                let mut refused = self.inner.allowed.check(&w.id, &used).err();
                if refused.is_none() && self.inner.allowed == Allowed::ByName {
                    refused = fits(bound.iter().find(|row| row.name == used.name), &w.id, &used).err();
                }
                let view = views.entry((w.id.clone(), used.name.clone())).or_insert_with(|| SecretView {
                    name: used.name.clone(),
                    workflow: w.id.clone(),
                    hosts: Vec::new(),
                    bound_at: None,
                    bound_by: None,
                    set: false,
                    named_by: Vec::new(),
                    refused: None,
                    fault: None,
                });
                // Whether a name that this workflow may not use has a value here is not told.
                let value = (self.inner.secrets)(&used.name).filter(|_| refused.is_none());
                view.set = value.is_some();
                if refused.is_none() {
                    view.fault = view.fault.or(fault_of(&used, value.as_deref()));
                }
                view.named_by.push(used.key);
                view.refused = view.refused.take().or(refused.map(|expected| format!("expected {expected}")));
            }
        }
        Ok(views.into_values().collect())
    }

    /// Frees a secret for another workflow or host. It takes an admin of every workflow: one of a single one could
    /// point it at a host of their own.
    pub async fn unbind_secret(&self, who: &Identity, name: &str) -> Result<(), DeskError> {
        if who.scope(Act::Secrets) != Scope::All {
            return Err(DeskError::Forbidden { who: who.subject.clone(), act: "free secrets".to_owned() });
        }
        let now = self.now();
        let mut tx = self.write().await?;
        let row = secrets::get(&mut tx, name).await?.ok_or_else(|| DeskError::not_found("bound secret", name))?;
        secrets::unbind(&mut tx, name).await?;
        let detail = json!({ "hosts": hosts_of(&row) });
        record(&mut tx, now, who, "secret.unbound", Some(&row.workflow_id), Some(name), detail);
        Ok(tx.commit().await?)
    }
}
