//! Bearer tokens: made once, kept as hashes, revoked for good.

use crate::{ChangeKind, Desk, DeskError, keys, new_id, record};
use countersign_domain::access::{Act, Grant, Identity, Role};
use countersign_domain::time::Millis;
use countersign_store::tokens::{self, TokenRow};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// What a token should be good for.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The name its holder acts under; the same name is the same person. The token's id if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Roles, each in one workflow or in all.
    pub grants: Vec<Grant>,
    /// Escalation routes its holder answers for.
    #[serde(default)]
    pub routes: Vec<String>,
    /// Until when it is good; for ever if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
}

/// A new token; the only time its secret is shown.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenMade {
    /// Its public id.
    pub id: String,
    /// The secret.
    pub token: String,
}

/// A token as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenView {
    /// Its public id.
    pub id: String,
    /// The name its holder acts under.
    pub name: String,
    /// Roles.
    pub grants: Vec<Grant>,
    /// Routes.
    pub routes: Vec<String>,
    /// When it was made.
    pub created_at: Millis,
    /// By whom.
    pub created_by: String,
    /// Until when it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// Since when it is no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Millis>,
}

pub(crate) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

impl Desk {
    /// Makes a token. 256 random bits, so that its plain hash is enough.
    pub async fn create_token(&self, who: &Identity, new: NewToken) -> Result<TokenMade, DeskError> {
        self.require(who, Act::Tokens, None, "manage tokens")?;
        if new.grants.is_empty() {
            return Err(DeskError::invalid("grants", "empty; expected at least one role"));
        }
        let id = new_id();
        let name = new.name.unwrap_or_else(|| id.clone());
        if name.trim().is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
            return Err(DeskError::invalid("name", "expected 1 to 100 characters"));
        }
        if ["owner", "hub"].contains(&name.as_str()) {
            return Err(DeskError::invalid("name", format!("{name:?} is kept for the desk itself")));
        }
        let now = self.now();
        if let Some(at) = new.expires_at.filter(|at| *at <= now) {
            let message = format!("{at} has passed; expected a time after {now}, or none for a token without an end");
            return Err(DeskError::invalid("expires_at", message));
        }
        let secret = format!("cs_{}", hex::encode(keys::random::<32>()?));
        let mut tx = self.write().await?;
        for grant in &new.grants {
            if let Some(workflow) = &grant.workflow
                && (countersign_domain::access::is_shadow(workflow)
                    || countersign_store::workflows::get(&mut tx, workflow, countersign_store::workflows::Hold::Look)
                        .await?
                        .is_none())
            {
                return Err(DeskError::not_found("workflow", workflow));
            }
        }
        let row = TokenRow {
            id: id.clone(),
            subject: name,
            hash: hash(&secret),
            grants: json!(new.grants).to_string(),
            routes: json!(new.routes).to_string(),
            created_at: now.0,
            created_by: who.subject.clone(),
            expires_at: new.expires_at.map(|t| t.0),
            revoked_at: None,
        };
        tokens::insert(&mut tx, &row).await?;
        let detail =
            json!({ "name": row.subject, "grants": new.grants, "routes": new.routes, "expires_at": new.expires_at });
        record(&mut tx, now, who, "token.created", None, Some(&id), detail);
        tx.commit().await?;
        Ok(TokenMade { id, token: secret })
    }

    /// A page of tokens, the newest first, and after which to go on.
    pub async fn list_tokens(
        &self,
        who: &Identity,
        after: &str,
        limit: i64,
    ) -> Result<(Vec<TokenView>, Option<String>), DeskError> {
        self.require(who, Act::Tokens, None, "manage tokens")?;
        let rows = tokens::list(&mut self.read().await?, after, limit).await?;
        let next = (rows.len() as i64 == limit).then(|| rows.last().map(|r| r.id.clone())).flatten();
        let view = |r: TokenRow| TokenView {
            grants: serde_json::from_str(&r.grants).unwrap_or_default(),
            routes: serde_json::from_str(&r.routes).unwrap_or_default(),
            id: r.id,
            name: r.subject,
            created_at: Millis(r.created_at),
            created_by: r.created_by,
            expires_at: r.expires_at.map(Millis),
            revoked_at: r.revoked_at.map(Millis),
        };
        Ok((rows.into_iter().map(view).collect(), next))
    }

    /// Revokes a token at once.
    pub async fn revoke_token(&self, who: &Identity, id: &str) -> Result<(), DeskError> {
        self.require(who, Act::Tokens, None, "manage tokens")?;
        let now = self.now();
        let mut tx = self.write().await?;
        if !tokens::revoke(&mut tx, id, now).await? {
            return Err(DeskError::not_found("token", id));
        }
        record(&mut tx, now, who, "token.revoked", None, Some(id), json!({}));
        tx.commit().await?;
        self.tell(ChangeKind::TokenRevoked, "", None).await;
        Ok(())
    }

    /// Whether the token of this id is still good; an unreachable database says nothing against it.
    pub async fn is_good(&self, id: &str) -> bool {
        let row = async { Ok::<_, DeskError>(tokens::get(&mut self.read().await?, id).await?) };
        match row.await {
            Ok(row) => row.is_some_and(|t| t.revoked_at.is_none() && t.expires_at.is_none_or(|at| at > self.now().0)),
            Err(_) => true,
        }
    }

    /// Waits until the token of this id is no longer good: looks every few seconds, and at once when one is revoked.
    /// The owner, who has none, is waited for for ever.
    pub async fn revoked(&self, token: Option<&str>) {
        const LOOK: std::time::Duration = std::time::Duration::from_secs(3);
        let Some(id) = token else { return std::future::pending().await };
        let mut changes = self.changes();
        while self.is_good(id).await {
            let next = tokio::time::sleep(LOOK);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = &mut next => break,
                    change = changes.recv() => match change {
                        Ok(change) if change.kind != ChangeKind::TokenRevoked => {}
                        Ok(_) => break,
                        // Too much at once, or the end: what was missed shows at the next look.
                        Err(_) => {
                            changes = self.changes();
                            break;
                        }
                    },
                }
            }
        }
    }

    /// Who a token is.
    pub async fn authenticate(&self, token: &str) -> Result<Identity, DeskError> {
        let row = tokens::by_hash(&mut self.read_first().await?, &hash(token)).await?;
        let row = row.ok_or(DeskError::Unauthorized("this token is not known here"))?;
        if row.revoked_at.is_some() {
            return Err(DeskError::Unauthorized("this token was revoked"));
        }
        if row.expires_at.is_some_and(|t| t <= self.now().0) {
            return Err(DeskError::Unauthorized("this token has expired"));
        }
        Ok(Identity {
            subject: row.subject,
            grants: serde_json::from_str(&row.grants).unwrap_or_default(),
            routes: serde_json::from_str(&row.routes).unwrap_or_default(),
            owner: false,
            token: Some(row.id),
        })
    }

    /// Refuses what an identity may not do, in a workflow or in all of them.
    pub(crate) fn require(
        &self,
        who: &Identity,
        act: Act,
        workflow: Option<&str>,
        what: &str,
    ) -> Result<(), DeskError> {
        let scope = who.scope(act);
        let allowed = match workflow {
            Some(workflow) => scope.includes(workflow),
            None => scope == countersign_domain::access::Scope::All,
        };
        if allowed {
            return Ok(());
        }
        let place = workflow.map(|w| format!(" in {w}")).unwrap_or_default();
        let roles: Vec<_> = act.roles().iter().map(|r: &Role| r.as_str()).collect();
        Err(DeskError::forbidden(&who.subject, format!("{what}{place}; that takes the role {}", roles.join(" or "))))
    }
}
