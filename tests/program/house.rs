//! Who may import whom: modules import only from those further down the list in `src/lib.rs`.

use std::fs;
use std::path::Path;

/// The modules of the list, from the top; those of one line may import each other.
fn levels() -> Vec<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let entries = library
        .lines()
        .filter_map(|line| line.strip_prefix("//! - [`"));
    let names = |entry: &str| {
        let (names, _) = entry.split_once(':').unwrap();
        names
            .split(", ")
            .map(|name| name.trim_matches(['[', ']', '`']).to_string())
            .collect()
    };
    entries.map(names).collect()
}

/// The modules of the crate that `source` names, outside comments and its unit tests.
fn imports(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let word = |text: &str| -> String {
        let letters = text.trim_start().chars();
        letters
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    };
    let mut found = Vec::new();
    for (place, path) in code.match_indices("crate::") {
        let before = code[..place].chars().next_back();
        let rest = &code[place + path.len()..];
        match rest.strip_prefix('{') {
            _ if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') => {}
            None => found.push(word(rest)),
            Some(group) => {
                found.push(word(group));
                let mut depth = 0;
                for (place, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => found.push(word(&group[place + 1..])),
                        _ => {}
                    }
                }
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// What `source`, a file of `module`, imports against the order.
fn forbidden(levels: &[Vec<String>], module: &str, source: &str) -> Vec<String> {
    let level = |name: &str| {
        levels
            .iter()
            .position(|names| names.iter().any(|known| known == name))
    };
    let own = level(module).unwrap_or_else(|| panic!("src/lib.rs does not list {module}"));
    let against = imports(source).into_iter().filter(|name| {
        // Macros and constants of the root are nobody's.
        level(name).is_some_and(|imported| imported < own)
    });
    against.collect()
}

/// Every Rust file below `folder`, but unit tests in files of their own.
fn rust_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs")
            && path.file_stem().is_some_and(|name| name != "tests")
        {
            found.push(path);
        }
    }
}

#[test]
fn modules_import_only_from_those_further_down() {
    let source_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let levels = levels();
    assert!(levels.len() > 8, "{levels:?}");
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    rust_files(&source_folder, &mut files);
    assert!(files.len() > 100);
    for path in files {
        let inside = path.strip_prefix(&source_folder).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap();
        let module = module.strip_suffix(".rs").unwrap_or(module);
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for name in forbidden(&levels, module, &source) {
            problems.push(format!("src/{}: crate::{name}", inside.display()));
        }
    }
    assert!(
        problems.is_empty(),
        "against the order of src/lib.rs:\n{}",
        problems.join("\n")
    );
}

#[test]
fn every_module_of_the_library_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let modules = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let mut modules: Vec<&str> = modules.collect();
    let listed = levels();
    let mut listed: Vec<&str> = listed.iter().flatten().map(String::as_str).collect();
    modules.sort_unstable();
    listed.sort_unstable();
    assert_eq!(modules, listed);
}

#[test]
fn an_import_against_the_order_is_found_in_every_form() {
    let levels = levels();
    let planted = [
        "use crate::render::Renderer;",
        "use crate::{geometry::UnitCell, render::Renderer};",
        "use crate::{\n    geometry::{UnitCell, rotation_about},\n    render,\n};",
        "fn f() { let _ = crate::render::Renderer::cpu(); }",
    ];
    for source in planted {
        assert_eq!(
            forbidden(&levels, "scene", source),
            ["render"],
            "in:\n{source}"
        );
    }
    let fine = "// use crate::render::Renderer;\nuse crate::experiment::Panel;\n\
                #[cfg(test)]\nmod tests { use crate::render::Renderer; }";
    assert!(forbidden(&levels, "scene", fine).is_empty());
}
