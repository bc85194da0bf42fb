//! Follows the modules of one target and collects the tests in them.

use std::path::{Path, PathBuf};

use medsec_evidence::Catalog;
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Item, ItemFn, ItemMod};

use super::attribute::{self, Arguments};
use super::helpers::{Helpers, mentioned};
use super::targets::Target;
use super::{Declared, LONGEST_SOURCE, Scan, body};
use crate::error::{ReportError, read_limited};
use crate::key::TestId;
use crate::problem::Problem;

/// The walk through one target.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    root: &'a Path,
    target: &'a Target,
    scan: &'a mut Scan,
    helpers: &'a mut Helpers,
    files: Vec<String>,
}

/// Where in the tree of modules we are.
#[derive(Debug, Clone)]
struct Place {
    /// Names of the modules around.
    path: Vec<String>,
    /// Where the files of child modules lie, from the root of the repository.
    children: PathBuf,
    /// Where the file lies that we are in, with the folders of inline modules: what `#[path]` is relative to.
    here: PathBuf,
    conditions: Vec<String>,
}

/// A file as read.
struct Source<'a> {
    name: String,
    lines: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(
        root: &'a Path,
        target: &'a Target,
        scan: &'a mut Scan,
        helpers: &'a mut Helpers,
    ) -> Self {
        Self { root, target, scan, helpers, files: Vec::new() }
    }

    /// Goes through everything below the root file.
    pub(super) fn start(&mut self) -> Result<(), ReportError> {
        let folder = self.target.file.parent().unwrap_or(Path::new("")).to_path_buf();
        let place = Place {
            path: Vec::new(),
            children: folder.clone(),
            here: folder,
            conditions: Vec::new(),
        };
        self.file(&self.target.file.clone(), &place)
    }

    pub(super) fn into_files(self) -> Vec<String> {
        self.files
    }

    fn file(&mut self, file: &Path, place: &Place) -> Result<(), ReportError> {
        let name = file.to_string_lossy().replace('\\', "/");
        let bytes = read_limited(&self.root.join(file), LONGEST_SOURCE)?;
        let text = String::from_utf8(bytes).map_err(|error| ReportError::content(&name, error))?;
        self.files.push(name.clone());
        if !["evidence", "mod", "Ev", "macro_rules"].iter().any(|word| text.contains(word)) {
            return Ok(());
        }
        let parsed = syn::parse_file(&text).map_err(|error| {
            let line = error.span().start().line;
            ReportError::content(format!("{name}:{line}"), error)
        })?;
        let mut place = place.clone();
        place.conditions.extend(attribute::conditions(&parsed.attrs));
        let source = Source { name, lines: text.lines().collect() };
        self.items(&parsed.items, &place, &source)
    }

    fn items(
        &mut self,
        items: &[Item],
        place: &Place,
        source: &Source<'_>,
    ) -> Result<(), ReportError> {
        for item in items {
            match item {
                Item::Fn(function) => {
                    self.conditional(&function.attrs, "evidence", source);
                    match attribute::find(&function.attrs) {
                        Some(found) => self.function(function, found, place, source),
                        None => self.helpers.learn(item),
                    }
                }
                Item::Mod(module) => {
                    self.conditional(&module.attrs, "path", source);
                    self.module(module, place, source)?;
                }
                other => self.helpers.learn(other),
            }
        }
        Ok(())
    }

    /// An attribute behind a condition: which file or which test it is, the source alone does not say.
    fn conditional(&mut self, attributes: &[Attribute], what: &'static str, source: &Source<'_>) {
        let found = attributes.iter().find(|attribute| attribute::sets(attribute, what));
        self.scan.problems.extend(found.map(|attribute| Problem::Conditional {
            file: source.name.clone(),
            line: attribute.span().start().line,
            what: what.to_owned(),
        }));
    }

    fn module(
        &mut self,
        module: &ItemMod,
        place: &Place,
        source: &Source<'_>,
    ) -> Result<(), ReportError> {
        let name = module.ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        let mut inner = place.clone();
        inner.path.push(name.to_owned());
        inner.conditions.extend(attribute::conditions(&module.attrs));
        if let Some((_, items)) = &module.content {
            inner.children.push(name);
            inner.here.push(name);
            return self.items(items, &inner, source);
        }
        let elsewhere = match attribute::path(&module.attrs).map(|path| place.here.join(path)) {
            Some(path) => match normal(&path) {
                Some(path) => Some(path),
                None => {
                    let (file, line) = (source.name.clone(), module.ident.span().start().line);
                    self.scan.problems.push(Problem::OutsideModule { file, line });
                    return Ok(());
                }
            },
            None => None,
        };
        let own_folder = place.children.join(name).join("mod.rs");
        let file = match elsewhere {
            Some(file) => file,
            None if self.root.join(&own_folder).is_file() => own_folder,
            None => place.children.join(format!("{name}.rs")),
        };
        if !self.root.join(&file).is_file() {
            // Conditional modules may have no file here; without a condition it does not compile.
            return Ok(());
        }
        let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
        let is_folder_file = file.ends_with("mod.rs") || attribute::path(&module.attrs).is_some();
        inner.children = if is_folder_file { folder.clone() } else { folder.join(name) };
        inner.here = folder;
        self.file(&file, &inner)
    }

    fn function(
        &mut self,
        function: &ItemFn,
        found: &Attribute,
        place: &Place,
        source: &Source<'_>,
    ) {
        let line = found.span().start().line;
        let arguments = match found.parse_args::<Arguments>() {
            Ok(arguments) => arguments,
            Err(error) => {
                let (file, what) = (source.name.clone(), error.to_string());
                self.scan.problems.push(Problem::Attribute { file, line, what });
                return;
            }
        };
        let mut path = place.path.clone();
        path.push(function.sig.ident.to_string());
        let mut conditions = place.conditions.clone();
        conditions.extend(attribute::conditions(&function.attrs));
        let end = function.block.brace_token.span.close().end().line;
        let declared = Declared {
            key: TestId::new(&self.target.binary, path.join("::")),
            package: self.target.package.clone(),
            file: source.name.clone(),
            line,
            end,
            excerpt: excerpt(source, first_line(function, found), end),
            edition: arguments.edition,
            citations: arguments.citations,
            claim: arguments.claim,
            polarity: arguments.polarity,
            body_sha256: body::hash(function.block.to_token_stream()),
            helpers_sha256: None,
            posing: None,
            mentions: mentioned(function.block.to_token_stream()),
            conditions,
        };
        self.scan.problems.extend(misplaced(&declared));
        self.scan.declared.push(declared);
    }
}

/// An edition or a citation that the catalog does not have.
fn misplaced(declared: &Declared) -> Vec<Problem> {
    let Declared { key, file, line, .. } = declared;
    let catalog = Catalog::hipaa2013();
    if declared.edition != catalog.edition().id() {
        let edition = declared.edition.clone();
        let (test, file) = (key.clone(), file.clone());
        return vec![Problem::UnknownEdition { file, line: *line, test, edition }];
    }
    let unknown = declared.citations.iter().filter(|citation| catalog.find(citation).is_err());
    let problem = |citation: &String| Problem::UnknownCitation {
        file: file.clone(),
        line: *line,
        test: key.clone(),
        citation: citation.clone(),
    };
    unknown.map(problem).collect()
}

/// The first line after the attribute of evidence: what that says, a report shows in other places.
fn first_line(function: &ItemFn, evidence: &Attribute) -> usize {
    let after = evidence.span().end().line;
    let others = function.attrs.iter().map(|attribute| attribute.span().start().line);
    let first = others.filter(|line| *line > after).min();
    first.unwrap_or_else(|| function.vis.span().start().line.max(function.sig.span().start().line))
}

/// The lines of a function, without the blanks that all of them begin with.
fn excerpt(source: &Source<'_>, first: usize, end: usize) -> String {
    let skipped = first.saturating_sub(1);
    let lines = source.lines.iter().skip(skipped).take(end.saturating_sub(skipped));
    let indent = |line: &&&str| line.len().saturating_sub(line.trim_start().len());
    let full = lines.clone().filter(|line| !line.trim().is_empty());
    let common = full.map(|line| indent(&line)).min().unwrap_or(0);
    let cut = lines.map(|line| line.get(common..).unwrap_or_default());
    cut.collect::<Vec<_>>().join("\n")
}

/// Resolves `.` and `..` in a path from the root of the repository; nothing where it leads out of it.
fn normal(path: &Path) -> Option<PathBuf> {
    use std::path::Component;
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => normal.pop().then_some(())?,
            Component::CurDir => {}
            Component::Normal(name) => normal.push(name),
            Component::Prefix(_) | Component::RootDir => return None,
        }
    }
    Some(normal)
}
