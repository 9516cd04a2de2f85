//! The API's description for people, made from the same document that programs read.

use utoipa::openapi::OpenApi;

/// A page with every route.
pub fn page(api: &OpenApi) -> String {
    let mut rows = String::new();
    for (path, item) in &api.paths.paths {
        let operations = [("GET", &item.get), ("POST", &item.post), ("DELETE", &item.delete)];
        for (method, operation) in operations.into_iter().filter_map(|(m, o)| o.as_ref().map(|o| (m, o))) {
            let what = operation.summary.as_deref().or(operation.description.as_deref()).unwrap_or_default();
            rows.push_str(&format!("<tr><td>{method}<td><code>{}</code><td>{}", escape(path), escape(what)));
        }
    }
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Countersign API</title><h1>Countersign API</h1>\
         <p>The whole contract is <a href=openapi.json>openapi.json</a>. Send <code>Authorization: Bearer TOKEN</code>.\
         <table cellpadding=6><tr><th align=left>Method<th align=left>Path<th align=left>What it does{rows}</table></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
