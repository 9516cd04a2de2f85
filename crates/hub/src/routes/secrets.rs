//! The secrets that packs name; never their values.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody};
use axum::Json;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use countersign_desk::SecretView;
use serde::Serialize;

/// Secrets by name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Secrets {
    secrets: Vec<SecretView>,
}

/// Every secret that a pack names or that is bound to a workflow, without its value.
#[utoipa::path(get, operation_id = "list_secrets", path = "/v1/secrets", tag = "system", responses((status = 200, body = Secrets)))]
pub async fn list(extract::State(state): extract::State<State>, Who(who): Who) -> Answer<Json<Secrets>> {
    Ok(Json(Secrets { secrets: state.desk.list_secrets(&who).await? }))
}

/// Frees a secret for another workflow or another host.
#[utoipa::path(delete, operation_id = "unbind_secret", path = "/v1/secrets/{name}", tag = "system", params(("name" = String, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn unbind(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(name): Path<String>,
) -> Answer<StatusCode> {
    state.desk.unbind_secret(&who, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
