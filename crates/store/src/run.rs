//! One statement over either engine. Both take `$1`, `$2` …; arguments are bound in that order.

macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {
        match &mut $tx.inner {
            $crate::open::Inner::Sqlite($c) => $body.map_err($crate::StoreError::from),
            $crate::open::Inner::Postgres($c) => $body.map_err($crate::StoreError::from),
        }
    };
}

/// Runs a statement; answers how many rows it touched.
macro_rules! run {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!($tx, c => sqlx::query($sql)$(.bind($arg))*.execute(&mut **c).await.map(|done| done.rows_affected()))
    };
}

/// All rows, as a type that reads itself from a row.
macro_rules! all {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!($tx, c => sqlx::query_as($sql)$(.bind($arg))*.fetch_all(&mut **c).await)
    };
}

/// The first row, if there is one.
macro_rules! first {
    ($tx:expr, $sql:expr $(, $arg:expr)* $(,)?) => {
        on!($tx, c => sqlx::query_as($sql)$(.bind($arg))*.fetch_optional(&mut **c).await)
    };
}
