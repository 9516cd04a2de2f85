//! What tests share: builders, a fixed clock, temporary databases of either kind.
