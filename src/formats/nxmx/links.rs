//! From file to file: what HDF5 links lead to, and how far they may lead.
//!
//! `rust-hdf5` follows external links, the sources of virtual data sets and external storage to any
//! path, and takes a source that is not there for one that is still to be written. So it is only
//! asked for objects of the file that it has open: every step into another file is made here. A
//! file that is named in a file is looked for beside that file, never in the working folder.
//!
//! One thing escapes this rule: when `rust-hdf5` opens a file, it opens the sources of virtual data
//! sets without an end, wherever they are, to learn how many frames they have. Nothing that it
//! learns so is used.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rust_hdf5::format::superblock::{SuperblockV0V1, SuperblockV2V3, detect_superblock_version};
use rust_hdf5::{H5Dataset, H5File, Hdf5Error, LinkClass};

use super::problem;
use crate::formats::whole::folder_of;
use crate::formats::{Links, Problem};

/// As many links in a row as HDF5 follows, and hard links between them.
const MOST_LINKS: usize = 64;

/// Files that are kept open; a master may have thousands of data files.
const MOST_OPEN: usize = 64;

/// An object in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The object's path in it, without a slash in front.
    pub path: String,
}

/// What is at a path.
enum Step {
    /// The object itself.
    There,
    /// Nothing.
    Missing,
    /// A link on the way, which leads on to a place.
    Link(Place),
}

/// The files that the links of a master may lead to.
pub struct Files {
    /// The file that the user named.
    master: PathBuf,
    /// The folder of the master as it was named, and the one that it is in behind symbolic links.
    folders: Vec<PathBuf>,
    links: Links,
    /// Open files, the one used last in front.
    open: Mutex<VecDeque<(PathBuf, Arc<H5File>)>>,
}

impl Place {
    /// The object at `path` of `file`.
    pub fn new(file: &Path, path: &str) -> Place {
        Place {
            file: file.to_path_buf(),
            path: path.trim_matches('/').to_string(),
        }
    }

    /// `what`, as a problem of this object.
    pub fn problem(&self, what: impl std::fmt::Display) -> Problem {
        Problem::with_file(format!("{} of {}: {what}", self.path, self.file.display()))
    }
}

impl Files {
    /// The files that links may lead to from the `master`, which is the file that the user named.
    pub fn of_master(master: &Path, links: Links) -> Files {
        let behind = fs::canonicalize(master).ok();
        let named = fs::canonicalize(folder_of(master)).ok();
        let behind = behind.map(|behind| folder_of(&behind).to_path_buf());
        Files {
            master: master.to_path_buf(),
            folders: named.into_iter().chain(behind).collect(),
            links,
            open: Mutex::default(),
        }
    }

    /// The file at `path`, opened.
    ///
    /// # Errors
    /// A [`Problem`], which names the file if it is not the one that the user named.
    pub fn open(&self, path: &Path) -> Result<Arc<H5File>, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let found = open.iter().position(|(own, _)| own == path);
        if let Some(entry) = found.and_then(|index| open.remove(index)) {
            open.push_front(entry.clone());
            return Ok(entry.1);
        }
        let options = H5File::options().no_locking();
        let opened = check_whole(path).and_then(|()| options.open(path).map_err(problem));
        let opened = opened.map_err(|problem| match path == self.master {
            true => problem,
            false => Problem::with_file(format!("{}{problem}", path.display())),
        });
        let file = Arc::new(opened?);
        open.truncate(MOST_OPEN - 1);
        open.push_front((path.to_path_buf(), file.clone()));
        Ok(file)
    }

    /// The file `name` that the file `from` names.
    ///
    /// # Errors
    /// A [`Problem`] when it is not there, is no file, or is where links may not lead.
    pub fn named(&self, from: &Path, name: &str) -> Result<PathBuf, Problem> {
        let beside = |name: &Path| folder_of(from).join(name);
        let raw = Path::new(name);
        let mut candidates = vec![beside(raw)];
        // A file that has been moved with its master has it beside itself, as for libhdf5.
        candidates.extend(raw.file_name().filter(|_| raw.is_absolute()).map(|name| {
            let name: &Path = name.as_ref();
            beside(name)
        }));
        let behind = fs::canonicalize(from).ok();
        candidates.extend(behind.map(|behind| folder_of(&behind).join(raw)));
        let missing = || Problem::with_file(format!("the file {name}, which is not there"));
        let there = candidates.iter().find(|path| path.exists());
        let path = there.ok_or_else(missing)?;
        let real = fs::canonicalize(path).map_err(|_| missing())?;
        let inside = self.folders.iter().any(|folder| real.starts_with(folder));
        if self.links == Links::Beside && !inside {
            let what = format!(
                "the file {}, which is outside of the folder of the file that was named; links are \
                 only followed within that folder and below it, unless they are allowed to lead \
                 anywhere",
                real.display()
            );
            return Err(Problem::of_link(what));
        }
        if !fs::metadata(&real).is_ok_and(|data| data.is_file()) {
            let real = real.display();
            return Err(Problem::with_file(format!(
                "{real}, which is no file but a folder, a pipe or a device"
            )));
        }
        Ok(path.clone())
    }

    /// The object that `from` names, behind all links; `None` where there is no such name.
    ///
    /// # Errors
    /// A [`Problem`] for a link that leads to nothing, where it may not, or in a circle.
    pub fn object(&self, from: &Place) -> Result<Option<Place>, Problem> {
        let mut place = from.clone();
        let mut crossed = false;
        for _ in 0..MOST_LINKS {
            let file = self.open(&place.file).map_err(|problem| match crossed {
                false => problem,
                true => from.problem(format_args!("a link to {}", problem.what)),
            })?;
            match self.step(&file, &place, from)? {
                Step::There => return Ok(Some(place)),
                Step::Missing if !crossed => return Ok(None),
                Step::Missing => {
                    let (path, file) = (&place.path, place.file.display());
                    let what = format!("a link to {path} of {file}, which is not there");
                    return Err(from.problem(what));
                }
                Step::Link(next) => (place, crossed) = (next, true),
            }
        }
        Err(from.problem("a link that leads in a circle, or through too many others"))
    }

    /// Where the first link in the path of `place` leads; `from` is what was asked for.
    fn step(&self, file: &H5File, place: &Place, from: &Place) -> Result<Step, Problem> {
        let root = file.root_group();
        let path = place.path.as_str();
        let ends = path.match_indices('/').map(|(end, _)| end);
        for end in ends.chain([path.len()]).filter(|&end| end > 0) {
            let (prefix, rest) = path.split_at(end);
            let above = prefix.rsplit_once('/').map_or("", |(above, _)| above);
            match root.link_class(prefix) {
                Ok(LinkClass::Hard) => {}
                Ok(LinkClass::Soft { path: target }) => {
                    let target = match target.starts_with('/') {
                        true => target,
                        false => format!("{above}/{target}"),
                    };
                    return Ok(Step::Link(Place::new(&place.file, &joined(&target, rest))));
                }
                Ok(LinkClass::External { file, path: target }) => {
                    let found = self.named(&place.file, &file);
                    let found = found.map_err(|problem| Problem {
                        what: from
                            .problem(format_args!("a link to {}", problem.what))
                            .what,
                        ..problem
                    })?;
                    return Ok(Step::Link(Place::new(&found, &joined(&target, rest))));
                }
                Ok(LinkClass::UserDefined { link_type }) => {
                    let what = format!("a link of class {link_type}, which no reader knows");
                    return Err(from.problem(what));
                }
                Err(_) => return Ok(Step::Missing),
            }
        }
        Ok(Step::There)
    }

    /// The dataset at `place`, which no link stands for.
    pub fn dataset(&self, place: &Place) -> Result<H5Dataset, Problem> {
        let file = self.open(&place.file)?;
        let found = file.dataset(&place.path);
        found.map_err(|error| match error {
            Hdf5Error::NotFound(_) => place.problem("no data set; expected frames"),
            error => place.problem(format_args!("HDF5: {error}")),
        })
    }
}

/// `target` and the `rest` of a path, without the parts that name nothing.
fn joined(target: &str, rest: &str) -> String {
    let parts = target.split('/').chain(rest.split('/'));
    let parts: Vec<&str> = parts.filter(|part| !["", "."].contains(part)).collect();
    parts.join("/")
}

/// Makes sure that the HDF5 file at `path` is as long as it says. `rust-hdf5` takes what lies
/// behind the end for what was never written.
fn check_whole(path: &Path) -> Result<(), Problem> {
    /// The file may start with bytes of another program: HDF5 starts at 0, 512, 1024, 2048 and so
    /// on.
    const FIRST: u64 = 512;
    let mut file = File::open(path).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len();
    let starts = std::iter::successors(Some(0), |&start| Some((start * 2).max(FIRST)));
    for start in starts.take_while(|&start| start < length) {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start)).map_err(unread)?;
        (&mut file)
            .take(256)
            .read_to_end(&mut bytes)
            .map_err(unread)?;
        if !bytes.starts_with(super::MAGIC) {
            continue;
        }
        let end = match detect_superblock_version(&bytes) {
            Ok(0 | 1) => SuperblockV0V1::decode(&bytes).map(|own| own.end_of_file_address),
            _ => SuperblockV2V3::decode(&bytes).map(|own| own.end_of_file_address),
        };
        return match end {
            Ok(end) if end > length => Err(Problem::with_file(format!(
                "cut off: HDF5 of {end} bytes, of which {length} are there"
            ))),
            _ => Ok(()),
        };
    }
    Ok(())
}

/// What kept a file from being read.
fn unread(reason: io::Error) -> Problem {
    Problem::with_file(reason.to_string())
}
