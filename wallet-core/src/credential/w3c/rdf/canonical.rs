//! RDF Dataset Canonicalization, RDFC-1.0 §4: blank nodes get names that depend on the statements alone.
//!
//! The algorithm tries every order of alike blank nodes, so a small hostile graph can cost as much as it likes
//! (RDFC-1.0 §7.1): each step is paid for out of [`Limits::work`].

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use crate::crypto::HashAlgorithm;

use super::quad::Quad;
use super::{CanonicalDocument, Limits, RdfError};

/// How deep one blank node may lead to the next while both are alike: a stack frame each.
const MOST_DEPTH: usize = 200;

/// Names blank nodes; `order` holds them in the order of their numbers.
#[derive(Clone, Default)]
struct Issuer {
    numbers: HashMap<usize, usize>,
    order: Vec<usize>,
}

impl Issuer {
    fn get(&self, node: usize) -> Option<usize> {
        self.numbers.get(&node).copied()
    }

    fn issue(&mut self, node: usize) -> usize {
        let next = self.order.len();
        let number = *self.numbers.entry(node).or_insert(next);
        if number == next {
            self.order.push(node);
        }
        number
    }
}

struct State<'a> {
    quads: &'a [Quad],
    of_node: Vec<Vec<usize>>,
    first_degree: Vec<String>,
    canonical: Issuer,
    hash: HashAlgorithm,
    work: usize,
    limit: usize,
}

/// Canonicalises `quads`, whose blank nodes carried `labels`.
pub(super) fn canonicalize(
    mut quads: Vec<Quad>,
    labels: Vec<String>,
    hash: HashAlgorithm,
    limits: &Limits,
) -> Result<CanonicalDocument, RdfError> {
    quads.sort_unstable();
    quads.dedup();
    limits.check(quads.len(), labels.len())?;
    let mut of_node = vec![Vec::new(); labels.len()];
    for (index, quad) in quads.iter().enumerate() {
        for (_, node) in quad.blank_nodes() {
            if of_node[node].last() != Some(&index) {
                of_node[node].push(index);
            }
        }
    }
    let mut state = State {
        quads: &quads,
        of_node,
        first_degree: Vec::with_capacity(labels.len()),
        canonical: Issuer::default(),
        hash,
        work: 0,
        limit: limits.work,
    };
    state.run()?;
    let canonical = state.canonical;
    let mut lines: Vec<String> = quads
        .iter()
        .map(|quad| {
            let mut line = String::new();
            quad.write(&mut line, |node, out| {
                let _ = write!(out, "c14n{}", canonical.get(node).unwrap_or_default());
            });
            line
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    let labels = labels
        .into_iter()
        .enumerate()
        .filter_map(|(node, label)| Some((label, format!("c14n{}", canonical.get(node)?))))
        .collect();
    Ok(CanonicalDocument { quads: lines, labels })
}

impl State<'_> {
    fn spend(&mut self, steps: usize) -> Result<(), RdfError> {
        self.work += steps;
        if self.work > self.limit {
            return Err(RdfError::TooMuchWork { limit: self.limit });
        }
        Ok(())
    }

    fn digest(&self, text: &str) -> String {
        let mut out = [0; 64];
        let length = self.hash.digest_into(text.as_bytes(), &mut out);
        let mut hex = String::with_capacity(length * 2);
        for byte in &out[..length] {
            for digit in [byte >> 4, byte & 15] {
                hex.push(char::from_digit(u32::from(digit), 16).unwrap_or_default());
            }
        }
        hex
    }

    /// RDFC-1.0 §4.4.3.
    fn run(&mut self) -> Result<(), RdfError> {
        let mut by_hash: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for node in 0..self.of_node.len() {
            let hash = self.hash_first_degree(node);
            self.first_degree.push(hash.clone());
            // A label that no statement uses names nothing.
            if !self.of_node[node].is_empty() {
                by_hash.entry(hash).or_default().push(node);
            }
        }
        for nodes in by_hash.values().filter(|nodes| nodes.len() == 1) {
            self.canonical.issue(nodes[0]);
        }
        for nodes in by_hash.values().filter(|nodes| nodes.len() > 1) {
            let mut paths = Vec::new();
            for &node in nodes {
                if self.canonical.get(node).is_some() {
                    continue;
                }
                let mut issuer = Issuer::default();
                issuer.issue(node);
                paths.push(self.hash_n_degree(node, issuer, 0)?);
            }
            paths.sort_by(|a, b| a.0.cmp(&b.0));
            for (_, issuer) in paths {
                for node in issuer.order {
                    self.canonical.issue(node);
                }
            }
        }
        Ok(())
    }

    /// RDFC-1.0 §4.6.
    fn hash_first_degree(&self, node: usize) -> String {
        let mut lines: Vec<String> = self.of_node[node]
            .iter()
            .map(|&index| {
                let mut line = String::new();
                self.quads[index].write(&mut line, |other, out| out.push(if other == node { 'a' } else { 'z' }));
                line
            })
            .collect();
        lines.sort_unstable();
        self.digest(&lines.concat())
    }

    /// RDFC-1.0 §4.7.
    fn hash_related(&self, related: usize, quad: &Quad, issuer: &Issuer, position: char) -> String {
        let mut input = String::from(position);
        if position != 'g' {
            input.push_str(&quad.predicate);
        }
        if let Some(number) = self.canonical.get(related) {
            let _ = write!(input, "_:c14n{number}");
        } else if let Some(number) = issuer.get(related) {
            let _ = write!(input, "_:b{number}");
        } else {
            input.push_str(&self.first_degree[related]);
        }
        self.digest(&input)
    }

    /// RDFC-1.0 §4.8.
    fn hash_n_degree(&mut self, node: usize, mut issuer: Issuer, depth: usize) -> Result<(String, Issuer), RdfError> {
        if depth > MOST_DEPTH {
            return Err(RdfError::TooMuchWork { limit: self.limit });
        }
        let mut related: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let quads = self.quads;
        self.spend(1 + self.of_node[node].len())?;
        for &index in &self.of_node[node] {
            for (position, other) in quads[index].blank_nodes() {
                if other != node {
                    let hash = self.hash_related(other, &quads[index], &issuer, position);
                    related.entry(hash).or_default().push(other);
                }
            }
        }
        let mut data = String::new();
        for (hash, mut nodes) in related {
            data.push_str(&hash);
            nodes.sort_unstable();
            let mut chosen: Option<(String, Issuer)> = None;
            loop {
                self.spend(1 + nodes.len() + issuer.order.len() / 8)?;
                if let Some(candidate) = self.try_order(&nodes, issuer.clone(), chosen.as_ref(), depth)?
                    && chosen.as_ref().is_none_or(|(path, _)| candidate.0 < *path)
                {
                    chosen = Some(candidate);
                }
                if !next_permutation(&mut nodes) {
                    break;
                }
            }
            if let Some((path, chosen)) = chosen {
                data.push_str(&path);
                issuer = chosen;
            }
        }
        Ok((self.digest(&data), issuer))
    }

    /// One permutation of RDFC-1.0 §4.8.3 step 5.4; `None` once it can no longer be the least.
    fn try_order(
        &mut self,
        nodes: &[usize],
        mut issuer: Issuer,
        chosen: Option<&(String, Issuer)>,
        depth: usize,
    ) -> Result<Option<(String, Issuer)>, RdfError> {
        let is_worse = |path: &String| {
            chosen.is_some_and(|(chosen, _)| !chosen.is_empty() && path.len() >= chosen.len() && path > chosen)
        };
        let mut path = String::new();
        let mut open = Vec::new();
        for &node in nodes {
            if let Some(number) = self.canonical.get(node) {
                let _ = write!(path, "_:c14n{number}");
            } else {
                if issuer.get(node).is_none() {
                    open.push(node);
                }
                let _ = write!(path, "_:b{}", issuer.issue(node));
            }
            if is_worse(&path) {
                return Ok(None);
            }
        }
        for node in open {
            let (hash, after) = self.hash_n_degree(node, issuer.clone(), depth + 1)?;
            let _ = write!(path, "_:b{}<{hash}>", issuer.issue(node));
            issuer = after;
            if is_worse(&path) {
                return Ok(None);
            }
        }
        Ok(Some((path, issuer)))
    }
}

/// The next order in lexicographic sequence; equal members are not exchanged.
fn next_permutation(nodes: &mut [usize]) -> bool {
    let Some(pivot) = (1..nodes.len()).rev().find(|&i| nodes[i - 1] < nodes[i]) else {
        return false;
    };
    let Some(other) = (pivot..nodes.len()).rev().find(|&i| nodes[pivot - 1] < nodes[i]) else {
        return false;
    };
    nodes.swap(pivot - 1, other);
    nodes[pivot..].reverse();
    true
}
