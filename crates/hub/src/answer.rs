//! The one conversion from what went wrong to what the wire says.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_desk::{Code, DeskError};
use serde::Serialize;

/// What every error looks like.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ErrorDetail {
    /// To branch on.
    pub code: Code,
    /// To read.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where what was typed is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
    /// The hash of the gate report as it is now, where another one was to be signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Faults of a pack, all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub faults: Vec<countersign_domain::pack::PackError>,
    /// To find it in the log.
    pub trace_id: String,
}

/// Where a refused verdict's text is kept.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Kept {
    /// Under this verdict id.
    pub verdict_id: String,
}

/// An error on its way out.
pub struct Failure {
    code: Code,
    message: String,
    hint: Option<String>,
    kept: Option<Kept>,
    report: Option<Box<str>>,
    faults: Vec<countersign_domain::pack::PackError>,
}

/// What a handler answers.
pub type Answer<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, kept: None, report: None, faults: Vec::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Code::Malformed, message)
    }
}

impl From<DeskError> for Failure {
    fn from(e: DeskError) -> Self {
        let code = e.code();
        if let DeskError::Store(cause) = &e {
            // What the database says may hold values; the log has the kind, the caller only that nothing was done.
            tracing::error!(error = %cause, "the database failed");
        }
        let message = match &e {
            DeskError::Store(_) => "the hub can't use its database now, so it acts on nothing".to_owned(),
            other => other.to_string(),
        };
        let hint = e.hint().map(str::to_owned);
        let kept = match &e {
            DeskError::Conflict { kept: Some(id), .. } => Some(Kept { verdict_id: id.clone() }),
            _ => None,
        };
        let report = match &e {
            DeskError::ReportChanged { report } => Some(report.as_str().into()),
            _ => None,
        };
        let faults = if let DeskError::Pack(faults) = e { faults } else { Vec::new() };
        Self { code, message, hint, kept, report, faults }
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::LeaseLost
        | Code::DraftSuperseded
        | Code::ContentChanged
        | Code::AlreadyDecided
        | Code::AlreadyDelivered
        | Code::WorkflowKilled
        | Code::GateNotGreen => StatusCode::CONFLICT,
        Code::Erased => StatusCode::GONE,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::KillHeld | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let trace_id = uuid::Uuid::new_v4().simple().to_string();
        let status = status(self.code);
        tracing::info!(trace_id, code = ?self.code, "refused");
        let error = ErrorDetail {
            code: self.code,
            message: self.message,
            hint: self.hint,
            kept: self.kept,
            report: self.report.map(String::from),
            faults: self.faults,
            trace_id,
        };
        let mut response = (status, axum::Json(ErrorBody { error })).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert("www-authenticate", axum::http::HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert("retry-after", axum::http::HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
