//! Images of a few classes, made here.

use super::*;
use libdeflater::{CompressionLvl, Compressor};

/// One resource: module, package, name, extension, content, compression method.
type Resource<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [u8], Option<&'a str>);

#[derive(Default)]
struct Image {
    strings: Vec<u8>,
    locations: Vec<u8>,
    offsets: Vec<u32>,
    resources: Vec<u8>,
    big_endian: bool,
}

impl Image {
    fn of(resources: &[Resource], big_endian: bool) -> Vec<u8> {
        let mut image = Self { strings: vec![0], locations: vec![0], big_endian, ..Self::default() };
        resources.iter().for_each(|resource| image.add(resource));
        let n = image.offsets.len() as u32;
        let sizes = [0x1_0000, 0, n, n, image.locations.len() as u32, image.strings.len() as u32];
        let mut bytes = Vec::new();
        for number in [MAGIC].iter().chain(&sizes).chain(&vec![0; n as usize]).chain(&image.offsets) {
            bytes.extend(image.u4(*number));
        }
        [image.locations, image.strings, image.resources].iter().for_each(|part| bytes.extend(part));
        bytes
    }

    fn u4(&self, number: u32) -> [u8; 4] {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u8(&self, number: usize) -> [u8; 8] {
        let number = number as u64;
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn string(&mut self, text: &str) -> usize {
        let at = self.strings.len();
        self.strings.extend(text.bytes().chain([0]));
        at
    }

    fn add(&mut self, &(module, parent, base, extension, content, method): &Resource) {
        let mut stored = content.to_vec();
        if let Some(method) = method {
            let name = self.string(method);
            let mut compressor = Compressor::new(CompressionLvl::default());
            let mut packed = vec![0; compressor.zlib_compress_bound(content.len())];
            let len = compressor.zlib_compress(content, &mut packed).unwrap();
            stored = self.u4(COMPRESSED_MAGIC).to_vec();
            stored.extend(self.u8(len).into_iter().chain(self.u8(content.len())));
            stored.extend(self.u4(name as u32).into_iter().chain(self.u4(0)).chain([1]));
            stored.extend(&packed[..len]);
        }
        self.offsets.push(self.locations.len() as u32);
        let names = [module, parent, base, extension].map(|text| self.string(text));
        let compressed = if method.is_some() { stored.len() } else { 0 };
        let sizes = [self.resources.len(), compressed, content.len()];
        for (kind, value) in names.iter().chain(&sizes).enumerate().filter(|(_, value)| **value > 0) {
            self.locations.push((kind as u8 + 1) << 3 | 2);
            self.locations.extend(&(*value as u32).to_be_bytes()[1..]);
        }
        self.locations.push(0);
        self.resources.extend(stored);
    }
}

fn open(bytes: &[u8]) -> (Result<JImage, Problem>, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    (JImage::open(file.path()), file)
}

/// All classes with their bytes, or the first problem.
fn read_all(bytes: &[u8]) -> Result<Vec<(String, String, Vec<u8>)>, Problem> {
    let image = open(bytes).0?;
    let mut all = Vec::new();
    for class in image.classes() {
        let (class, mut content) = (class?, Vec::new());
        image.read(&class, &mut content)?;
        all.push((class.module.to_string(), class.name, content));
    }
    Ok(all)
}

const RESOURCES: [Resource; 4] = [
    ("java.base", "java/lang", "Object", "class", b"object", None),
    ("java.base", "java/lang", "data", "txt", b"no class", None),
    ("java.base", "", "module-info", "class", b"module", None),
    ("java.sql", "java/sql", "Driver", "class", b"driver driver driver", Some("zip")),
];

#[test]
fn classes_are_listed_by_module_and_read_in_either_byte_order() {
    for big_endian in [false, true] {
        let all = read_all(&Image::of(&RESOURCES, big_endian)).unwrap();
        let all: Vec<(&str, &str, &[u8])> = all.iter().map(|(m, n, b)| (&m[..], &n[..], &b[..])).collect();
        assert_eq!(
            all,
            [
                ("java.base", "java/lang/Object", &b"object"[..]),
                ("java.base", "module-info", b"module"),
                ("java.sql", "java/sql/Driver", b"driver driver driver"),
            ]
        );
    }
}

#[test]
fn a_compression_that_is_not_known_is_named() {
    let image = Image::of(&[("m", "p", "C", "class", b"bytes", Some("compact-cp"))], false);
    let problem = read_all(&image).unwrap_err();
    assert_eq!(problem.code, ProblemCode::UnsupportedCompression);
    assert!(problem.message.contains("compact-cp") && problem.place.entry == "p/C", "{problem:?}");
}

#[test]
fn what_is_no_image_is_a_problem() {
    for bytes in [&b""[..], b"PK\x03\x04", &[0; 100]] {
        assert_eq!(open(bytes).0.err().unwrap().code, ProblemCode::CorruptArchive);
    }
    let missing = JImage::open(Path::new("no/such/modules")).err().unwrap();
    assert_eq!(missing.code, ProblemCode::UnreadableInput);
}

#[test]
fn any_changed_byte_and_any_cut_is_a_problem_or_read() {
    let image = Image::of(&RESOURCES, false);
    for at in 0..image.len() {
        for value in [0, 0x7F, 0xFF, image[at] ^ 1] {
            let mut changed = image.clone();
            changed[at] = value;
            let _ = read_all(&changed);
        }
        let _ = read_all(&image[..at]);
    }
}
