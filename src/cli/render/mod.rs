//! Words: how reports and events look. Renderers compute nothing that an engine could.

pub mod progress;
