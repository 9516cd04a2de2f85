//! Who is asking, and whether the route is for them: one table of route × act, and from the act its roles.

use crate::answer::Failure;
use crate::{OpenError, State};
use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_desk::{Code, Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};

/// A route and what it takes. `None` is open to everyone.
pub type Route = (&'static str, &'static str, Option<Act>);

/// Every route there is; one that isn't in it answers nobody.
pub const ROUTES: &[Route] = &[
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
    ("GET", "/metrics", None),
    ("GET", "/openapi.json", None),
    ("GET", "/docs", None),
    ("GET", "/v1/me", Some(Act::Enter)),
    ("GET", "/v1/events", Some(Act::Watch)),
    ("GET", "/v1/workflows", Some(Act::Enter)),
    ("GET", "/v1/workflows/{id}", Some(Act::Enter)),
    ("GET", "/v1/workflows/{id}/history", Some(Act::ReadPacks)),
    ("GET", "/v1/workflows/{id}/versions", Some(Act::ReadPacks)),
    ("GET", "/v1/workflows/{id}/versions/{version}", Some(Act::ReadPacks)),
    ("GET", "/v1/workflows/{id}/diff", Some(Act::ReadPacks)),
    ("GET", "/v1/workflows/{id}/gate", Some(Act::ReadGate)),
    ("GET", "/v1/workflows/{id}/gate/plan", Some(Act::ReadGate)),
    ("GET", "/v1/workflows/{id}/gate/series", Some(Act::ReadGate)),
    ("GET", "/v1/gate/reports/{hash}", Some(Act::ReadGate)),
    // Which dri may sign first and which second is the use-case's to tell apart.
    ("POST", "/v1/workflows/{id}/promote", Some(Act::Promote)),
    ("POST", "/v1/workflows/{id}/demote", Some(Act::Demote)),
    ("POST", "/v1/workflows/{id}/rollback", Some(Act::RollBack)),
    ("GET", "/v1/workflows/{id}/transitions/{transition}/effect", Some(Act::Watch)),
    ("POST", "/v1/transitions/{id}/seen", Some(Act::Watch)),
    ("POST", "/ofrep/v1/evaluate/flags", Some(Act::Evaluate)),
    ("POST", "/ofrep/v1/evaluate/flags/{key}", Some(Act::Evaluate)),
    // An EventSource sends no token; its address has a tag that only the hub can make.
    ("GET", "/ofrep/v1/stream", None),
    ("POST", "/v1/evals/results", Some(Act::PostEvals)),
    ("GET", "/v1/evals/results", Some(Act::ReadGate)),
    ("POST", "/v1/workflows/{id}/kill", Some(Act::Kill)),
    ("POST", "/v1/workflows/{id}/resume", Some(Act::Resume)),
    ("POST", "/v1/drafts", Some(Act::Stage)),
    ("GET", "/v1/drafts", Some(Act::ReadDrafts)),
    ("GET", "/v1/drafts/{id}", Some(Act::ReadDrafts)),
    ("POST", "/v1/drafts/{id}/diff", Some(Act::ReadDrafts)),
    ("POST", "/v1/drafts/{id}/verdicts", Some(Act::Review)),
    ("POST", "/v1/verdicts/{id}/withdraw", Some(Act::Review)),
    ("POST", "/v1/queue/lease", Some(Act::Review)),
    ("POST", "/v1/leases/{id}/renew", Some(Act::Review)),
    ("DELETE", "/v1/leases/{id}", Some(Act::Review)),
    ("GET", "/v1/escalations", Some(Act::ReadDrafts)),
    ("POST", "/v1/escalations/{id}/take", Some(Act::Escalations)),
    ("POST", "/v1/escalations/{id}/settle", Some(Act::Escalations)),
    ("GET", "/v1/deliveries", Some(Act::ReadDeliveries)),
    ("POST", "/v1/deliveries/{id}/retry", Some(Act::RetryDelivery)),
    ("GET", "/v1/cases", Some(Act::ReadCases)),
    ("GET", "/v1/cases/export", Some(Act::ReadCases)),
    ("GET", "/v1/cases/{id}", Some(Act::ReadCases)),
    ("GET", "/v1/workflows/{id}/agreement", Some(Act::ReadCases)),
    ("GET", "/v1/workflows/{id}/trust", Some(Act::ReadCases)),
    ("GET", "/v1/workflows/{id}/budget", Some(Act::ReadCases)),
    ("GET", "/v1/disagreements", Some(Act::ReadCases)),
    ("GET", "/v1/disagreements/{id}", Some(Act::ReadCases)),
    ("POST", "/v1/disagreements/{id}/settle", Some(Act::Settle)),
    ("POST", "/v1/sources", Some(Act::WriteSources)),
    ("GET", "/v1/sources", Some(Act::ReadSources)),
    ("GET", "/v1/sources/{id}", Some(Act::ReadSources)),
    ("POST", "/v1/packs", Some(Act::WritePacks)),
    ("POST", "/v1/packs/check", Some(Act::ReadGate)),
    ("GET", "/v1/packs/{id}", Some(Act::ReadPacks)),
    ("POST", "/v1/demo", Some(Act::WritePacks)),
    ("POST", "/v1/tokens", Some(Act::Tokens)),
    ("GET", "/v1/tokens", Some(Act::Tokens)),
    ("DELETE", "/v1/tokens/{id}", Some(Act::Tokens)),
    ("GET", "/v1/secrets", Some(Act::Secrets)),
    ("DELETE", "/v1/secrets/{name}", Some(Act::Secrets)),
    ("GET", "/v1/audit", Some(Act::ReadAudit)),
    ("GET", "/v1/audit/export", Some(Act::ReadAudit)),
    ("GET", "/v1/audit/verify", Some(Act::ReadAudit)),
    ("POST", "/v1/audit/verify", Some(Act::ReadAudit)),
    ("GET", "/v1/audit/checkpoint", Some(Act::ReadAudit)),
    ("POST", "/v1/audit/seen", Some(Act::Enter)),
    ("POST", "/v1/workflows/{id}/drill", Some(Act::Drill)),
    ("GET", "/v1/workflows/{id}/drills", Some(Act::ReadIncidents)),
    ("GET", "/v1/workflows/{id}/burn", Some(Act::Watch)),
    ("GET", "/v1/alerts", Some(Act::ReadIncidents)),
    ("GET", "/v1/incidents", Some(Act::ReadIncidents)),
    ("POST", "/v1/incidents", Some(Act::Incidents)),
    ("GET", "/v1/incidents/{id}", Some(Act::ReadIncidents)),
    ("POST", "/v1/incidents/{id}/steps/{n}", Some(Act::Incidents)),
    ("POST", "/v1/incidents/{id}/entries", Some(Act::Incidents)),
    ("GET", "/v1/incidents/{id}/entries", Some(Act::ReadIncidents)),
    ("POST", "/v1/incidents/{id}/note", Some(Act::Incidents)),
    ("POST", "/v1/incidents/{id}/close", Some(Act::Incidents)),
    ("GET", "/v1/incidents/{id}/export", Some(Act::ReadIncidents)),
];

/// The identity behind a request, as a handler takes it.
pub struct Who(pub Identity);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Identity>().cloned().map(Who).ok_or_else(|| Failure::new(Code::Unauthorized, "no token"))
    }
}

/// A stream for as long as its asker's token is good; then it breaks off, so that nobody takes what came for the whole.
pub(crate) fn while_good<T: Send + 'static>(
    desk: &Desk,
    who: &Identity,
    stream: impl Stream<Item = Result<T, std::io::Error>> + Send + 'static,
) -> impl Stream<Item = Result<T, std::io::Error>> + Send + 'static {
    let (desk, token) = (desk.clone(), who.token.clone());
    async_stream::stream! {
        let revoked = desk.revoked(token.as_deref());
        tokio::pin!(revoked, stream);
        loop {
            tokio::select! {
                biased;
                () = &mut revoked => {
                    yield Err(std::io::Error::other("the token is no longer good"));
                    return;
                }
                part = stream.next() => match part {
                    Some(part) => yield part,
                    None => {
                        // Whoever was revoked while the last of it was on its way doesn't have the whole either.
                        if let Some(id) = &token && !desk.is_good(id).await {
                            yield Err(std::io::Error::other("the token is no longer good"));
                        }
                        return;
                    }
                },
            }
        }
    }
}

pub(crate) fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

pub(crate) fn fresh_token() -> Result<String, OpenError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| DeskError::Setup(format!("the system gives no random numbers: {e}")))?;
    Ok(format!("cs_{}", hex::encode(bytes)))
}

/// Lets a request through to its handler if its route's act is within its identity's roles.
pub(crate) async fn guard(state: State, owner: Option<Identity>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|p| p.as_str().to_owned()).unwrap_or_default();
    let method = request.method().as_str();
    let Some((_, _, act)) = ROUTES.iter().find(|(m, p, _)| *m == method && *p == path) else {
        return wrong_method(method, &path);
    };
    if request.uri().to_string().contains("%00") {
        return Failure::malformed("the address holds U+0000, which nothing here may").into_response();
    }
    let Some(act) = act else { return next.run(request).await };
    let identity = match owner {
        Some(owner) => owner,
        None => match identify(&state, bearer(&request), *act).await {
            Ok(identity) => identity,
            Err(e) => return Failure::from(e).into_response(),
        },
    };
    if identity.scope(*act).is_empty() {
        let roles: Vec<_> = act.roles().iter().map(|r| r.as_str()).collect();
        let message = format!("{} may not do this; it takes the role {}", identity.subject, roles.join(" or "));
        return Failure::new(Code::Forbidden, message).into_response();
    }
    request.extensions_mut().insert(identity);
    next.run(request).await
}

/// A path that is there, with a method that it doesn't take.
fn wrong_method(method: &str, path: &str) -> Response {
    let taken: Vec<&str> = ROUTES.iter().filter(|(_, p, _)| *p == path).map(|(m, _, _)| *m).collect();
    let taken = taken.join(", ");
    let mut response = Failure::new(Code::MethodNotAllowed, format!("{path} takes no {method}"))
        .hint(format!("it takes {taken}"))
        .into_response();
    if let Ok(taken) = taken.parse() {
        response.headers_mut().insert(axum::http::header::ALLOW, taken);
    }
    response
}

/// The token of a request; `X-API-Key` is the other header that OFREP names.
fn bearer(request: &Request) -> Option<String> {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    let token = match header("authorization") {
        Some(value) => value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer "))?.trim(),
        None => header("x-api-key")?.trim(),
    };
    (!token.is_empty()).then(|| token.to_owned())
}

async fn identify(state: &State, token: Option<String>, act: Act) -> Result<Identity, DeskError> {
    let token = token.ok_or(DeskError::Unauthorized("no bearer token"))?;
    // Hashes are compared, so the time it takes tells nothing about the token.
    if state.owner.as_deref().is_some_and(|owner| owner == token_hash(&token)) {
        return Ok(Identity::owner());
    }
    match act {
        // Neither may hang on the database: flags go off, and a kill is held until it is back.
        Act::Evaluate | Act::Kill => state.desk.authenticate_or_recall(&token).await,
        _ => state.desk.authenticate_and_remember(&token).await,
    }
}
