//! Class files out of jars, for tests and benchmarks: every class of every jar below a folder, nested jars too.

use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};

/// The jars below a folder, in order of their paths; none if it does not exist.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut jars: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|e| e == "jar" || e == "war"))
        .collect();
    jars.sort();
    jars
}

/// The jars that the repository holds.
pub fn committed() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["fixtures", "tests/data"].iter().flat_map(|folder| below(&root.join(folder))).collect()
}

/// The folder that `COTENANT_CORPUS` names.
pub fn corpus() -> Option<PathBuf> {
    std::env::var_os("COTENANT_CORPUS").map(PathBuf::from)
}

/// Calls `visit` with entry name and bytes of each class. What can't be read is not the class reader's concern.
pub fn classes(jar: &Path, visit: &mut dyn FnMut(&str, &[u8])) {
    if let Ok(file) = std::fs::File::open(jar) {
        archive(std::io::BufReader::new(file), 0, visit);
    }
}

fn archive(reader: impl Read + Seek, depth: u32, visit: &mut dyn FnMut(&str, &[u8])) {
    let Ok(mut zip) = zip::ZipArchive::new(reader) else { return };
    let mut inflater = libdeflater::Decompressor::new();
    for i in 0..zip.len() {
        let Ok(mut entry) = zip.by_index_raw(i) else { continue };
        let Ok(name) = entry.name().map(|name| name.to_string()) else { continue };
        let nested = name.ends_with(".jar") || name.ends_with(".war");
        if !(nested && depth < 3 || name.ends_with(".class")) {
            continue;
        }
        let (size, method) = (entry.size() as usize, entry.compression());
        let mut raw = Vec::new();
        if size > 1 << 30 || entry.read_to_end(&mut raw).is_err() {
            continue;
        }
        if method != zip::CompressionMethod::Stored {
            let mut inflated = vec![0; size];
            if inflater.deflate_decompress(&raw, &mut inflated).is_err() {
                continue;
            }
            raw = inflated;
        }
        if nested {
            archive(Cursor::new(raw), depth + 1, visit);
        } else {
            visit(&name, &raw);
        }
    }
}
