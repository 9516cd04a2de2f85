//! A server of a few lines that says exactly what a test tells it to.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A request as it came in.
pub struct Request {
    /// Method, path and version.
    pub line: String,
    /// Names in lower case.
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

/// Listens on loopback and gives every connection the same answer.
pub struct Receiver {
    pub url: String,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Receiver {
    /// `answer` is sent as it is, and the connection closed; without one the server only listens.
    pub async fn start(answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, sender) = (answer.clone(), sender.clone());
                tokio::spawn(async move {
                    if let Some(request) = read(&mut stream).await {
                        sender.send(request).ok();
                    }
                    match answer {
                        Some(answer) => stream.write_all(&answer).await.ok(),
                        None => std::future::pending().await,
                    }
                });
            }
        });
        Self { url: format!("http://127.0.0.1:{port}/hook"), requests }
    }

    /// Answers with a status, perhaps some header lines, and no body.
    pub async fn answering(status: u16, headers: &str) -> Self {
        let answer = format!("HTTP/1.1 {status} X\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n");
        Self::start(Some(answer.into_bytes())).await
    }

    /// Answers 200 with a body.
    pub async fn answering_with(body: &str) -> Self {
        let length = body.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        Self::start(Some(answer.into_bytes())).await
    }

    /// The next request that came in, if any has.
    pub fn request(&mut self) -> Option<Request> {
        self.requests.try_recv().ok()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        text.push_str(std::str::from_utf8(&buffer[..read]).ok()?);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let (line, fields) = head.split_once("\r\n")?;
        let fields = fields.lines().filter_map(|field| field.split_once(": "));
        let headers: reqwest::header::HeaderMap =
            fields.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        if body.len() >= length {
            return Some(Request { line: line.to_owned(), body: body.to_owned(), headers });
        }
    }
}
