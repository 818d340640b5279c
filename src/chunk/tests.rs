//! Tests of anchors and boundaries; cutting of whole files is tested with the cutter.

use super::*;
