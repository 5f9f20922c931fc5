//! What went wrong while reading or analysing, as a value with a place.

/// Where in the input a problem or a fact lies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Place {
    /// Display path of the archive, nesting written with `!/`: `base.jar!/BOOT-INF/lib/x.jar`. Relative to the
    /// deployment's root or as the user wrote it; never absolute unless the user wrote so.
    pub archive: String,
    /// Entry within it, `""` for the archive itself.
    pub entry: String,
}

/// How much a problem matters to the result.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum ProblemLevel {
    /// A named input could not be used at all.
    Error,
    /// A part of the input was not analysed.
    Warning,
    /// Something the reader may want to know.
    Note,
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $code:ident = $text:literal, $level:ident;)*) => {
        /// The kinds of problem, each with a stable name for reports and filters.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
        pub enum ProblemCode { $($(#[$doc])* $code,)* }

        impl ProblemCode {
            /// All codes, in order of declaration.
            pub const ALL: &'static [ProblemCode] = &[$(ProblemCode::$code,)*];

            /// The name in reports.
            pub fn text(self) -> &'static str {
                match self { $(ProblemCode::$code => $text,)* }
            }

            /// How much it matters.
            pub fn level(self) -> ProblemLevel {
                match self { $(ProblemCode::$code => ProblemLevel::$level,)* }
            }
        }
    };
}

problem_codes! {
    /// A named path does not exist.
    MissingInput = "missing-input", Error;
    /// A named path exists and could not be read.
    UnreadableInput = "unreadable-input", Error;
    /// A named path is neither a folder nor an archive nor a class file.
    NotAnArchive = "not-an-archive", Error;
    /// No class was found in a named input.
    NoClasses = "no-classes", Error;
    /// No class was found in one of several archives that are named as one module, or as the base.
    FilesOnly = "files-only", Note;
    /// An archive's directory is damaged; what could be listed was read.
    CorruptArchive = "corrupt-archive", Warning;
    /// An entry could not be inflated or its checksum is wrong.
    CorruptEntry = "corrupt-entry", Warning;
    /// A file of a folder, or an archive's file while it is being analysed, could not be read.
    UnreadableEntry = "unreadable-entry", Warning;
    /// An entry is encrypted.
    EncryptedEntry = "encrypted-entry", Warning;
    /// An entry uses a compression method that is not stored or deflated.
    UnsupportedCompression = "unsupported-compression", Warning;
    /// Two entries of one archive have the same name; the JVM sees one.
    DuplicateEntry = "duplicate-entry", Note;
    /// An entry's name would leave the archive (`../`, absolute, drive letter).
    UnsafePath = "unsafe-path", Warning;
    /// A limit on entry size, ratio, total, depth or count was reached.
    LimitReached = "limit-reached", Warning;
    /// A nested archive's content is no archive.
    NotANestedArchive = "not-a-nested-archive", Warning;
    /// A class file is malformed.
    MalformedClass = "malformed-class", Warning;
    /// A method body is malformed; the class's other parts were read.
    MalformedCode = "malformed-code", Warning;
    /// A class file's version is newer than the newest known; it was read as far as it goes.
    UnknownClassVersion = "unknown-class-version", Note;
    /// A class lies at a path that differs from its name; a JVM would not find it.
    MisplacedClass = "misplaced-class", Note;
    /// One class path holds several copies of a class; the first one counts.
    DuplicateClass = "duplicate-class", Note;
    /// A manifest, services file or other descriptor could not be read in full.
    MalformedDescriptor = "malformed-descriptor", Warning;
    /// A biz archive was repackaged so that a container does not see its classes.
    MisbuiltArchive = "misbuilt-archive", Warning;
    /// The roles of several archives could not be told from their content; the message says what was assumed.
    AmbiguousLayout = "ambiguous-layout", Note;
    /// An archive or class folder lies beside a recognised deployment and belongs to none of its class paths.
    LeftOut = "left-out", Note;
    /// An analysis stopped at a named bound; its results may be incomplete.
    AnalysisBound = "analysis-bound", Warning;
    /// A source file is shorter than a class file compiled from it says; it is of another version.
    StaleSource = "stale-source", Note;
    /// A suppression or allow entry matched nothing.
    UnusedSuppression = "unused-suppression", Note;
    /// A suppression's date has passed.
    ExpiredSuppression = "expired-suppression", Warning;
    /// A defect of this tool.
    InternalError = "internal-error", Error;
}

impl ProblemCode {
    /// Whether a class or an entry of the input was not read.
    pub fn is_unread(self) -> bool {
        matches!(
            self,
            Self::CorruptArchive
                | Self::CorruptEntry
                | Self::UnreadableEntry
                | Self::EncryptedEntry
                | Self::UnsupportedCompression
                | Self::UnsafePath
                | Self::LimitReached
                | Self::NotANestedArchive
                | Self::MalformedClass
                | Self::MalformedCode
                | Self::MalformedDescriptor
        )
    }
}

/// One problem with its place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Problem {
    /// Its place in the input.
    pub place: Place,
    /// What kind it is; implies how much it matters.
    pub code: ProblemCode,
    /// One sentence for people, with the figures that matter.
    pub message: String,
}

impl Problem {
    /// A problem at an entry of an archive.
    pub fn new(code: ProblemCode, archive: &str, entry: &str, message: impl Into<String>) -> Self {
        Self { place: Place { archive: archive.into(), entry: entry.into() }, code, message: message.into() }
    }

    /// How much it matters.
    pub fn level(&self) -> ProblemLevel {
        self.code.level()
    }
}
