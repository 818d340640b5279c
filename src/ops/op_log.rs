//! `op log`: the chain of operations.

use crate::base::ObjectId;
use crate::object::Operation;
use crate::refs::Chain;
use crate::repo::Repo;

use super::error::Error;

/// Returns the operations, newest first; without `all` only those that are not hidden.
pub fn op_log(
    repo: &Repo,
    all: bool,
    most: Option<usize>,
) -> Result<Vec<(ObjectId, Operation)>, Error> {
    let mut out = Vec::new();
    for operation in Chain::from(&repo.store, repo.current.id) {
        if most.is_some_and(|most| out.len() >= most) {
            break;
        }
        let (id, operation) = operation?;
        if all || !operation.hidden {
            out.push((id, operation));
        }
    }
    Ok(out)
}
