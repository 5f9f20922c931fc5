//! Classes that configuration files name, asked of the loaders of those who read the files.

use super::configured_files::{File, Files};
use super::matches::{Match, Spot, Subject};
use super::references_why::unread_views;
use crate::dataflow::World;
use crate::facts::ArchiveFacts;
use crate::program::{Made, Program};
use crate::rules::models::{Asked, Configuration, Models, TypedBy};
use crate::rules::rule::{ConfiguredAnswer, Rule, Site};
use crate::topology::{TenantKind, Topology};
use crate::vocabulary::{ClassId, LoaderId, Parallel, TenantId};
use std::collections::BTreeMap;

/// Number of a row of [`Configured`].
pub(super) type ConfiguredId = u32;

/// A name in a configuration file that a reader's loader does not answer as its writer means it.
#[derive(Clone, Debug)]
pub(super) struct Misnamed {
    /// The archive that holds the file.
    pub archive: usize,
    /// The file's entry.
    pub entry: String,
    /// The line of the name.
    pub line: u32,
    /// The name, with dots.
    pub name: String,
    /// What comes of it.
    pub answer: ConfiguredAnswer,
    /// A class of that name: another application's, or the one that is found and does not fit.
    pub class: ClassId,
    /// The type that it has to be of, if that is known.
    pub wanted: Option<ClassId>,
    /// Who has the class.
    pub holders: Vec<TenantId>,
    /// What happens then, from the model.
    pub effect: String,
    /// Those on whose behalf it is read.
    pub tenants: Vec<TenantId>,
    /// The calls that read it, if it takes one.
    pub spots: Vec<Spot>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Configured {
    rows: Vec<Misnamed>,
}

/// What tells one row from another: archive, entry, line, name and answer.
type Key = (usize, String, u32, String, ConfiguredAnswer);

/// A reading of a kind of file on behalf of an application.
pub(super) struct Reading<'r> {
    /// The kind.
    pub kind: &'r Configuration,
    /// On whose behalf.
    pub tenant: TenantId,
    /// The loaders that are asked for the names, in order.
    pub asked: Vec<LoaderId>,
    /// The type that a call asks for.
    pub wanted: Option<ClassId>,
    /// The call.
    pub spot: Option<Spot>,
}

impl Configured {
    /// The names that rules ask for; none in an open world, where nobody knows what will be beside it.
    pub(super) fn find(world: &World<'_>, models: &Models, rules: &[Rule], parallel: &impl Parallel) -> Self {
        let is_wanted = rules.iter().any(|rule| matches!(rule.site, Site::Configured { .. }));
        if !is_wanted || world.reach.is_open_world() {
            return Self::default();
        }
        let unread = unread_views(world);
        let kinds = models.configurations.values();
        let files = Files::find(world.program.topology, world.archives, kinds, parallel);
        let mut rows = BTreeMap::<Key, Misnamed>::new();
        for kind in models.configurations.values().filter(|kind| files.has(kind)) {
            by_readers((world, &unread), kind, &files, &mut rows);
        }
        for (reading, file) in super::configured_calls::readings(world, models, &files, parallel) {
            judge((world, &unread), &reading, file, &mut rows);
        }
        Self { rows: rows.into_values().collect() }
    }

    /// The matches of a site.
    pub(super) fn of_site(&self, answers: &[ConfiguredAnswer]) -> Vec<Match> {
        let rows = (0..).zip(&self.rows).filter(|(_, row)| answers.contains(&row.answer));
        rows.map(|(id, row)| Match {
            subject: Subject::Configured(id),
            class: row.class,
            spots: row.spots.clone(),
            only: None,
            holder: None,
            kept: None,
            leak: None,
        })
        .collect()
    }

    /// A row.
    pub(super) fn row(&self, id: ConfiguredId) -> Option<&Misnamed> {
        self.rows.get(id as usize)
    }
}

/// The classes of which containers and frameworks make objects for a module because a file of its own names them.
pub fn made_by_configuration(
    program: &Program<'_>,
    archives: &[ArchiveFacts],
    models: &Models,
    parallel: &impl Parallel,
) -> Vec<Made> {
    let topology = program.topology;
    let is_read = |kind: &&Configuration| kind.makes && is_read_in(kind, topology);
    let kinds: Vec<&Configuration> = models.configurations.values().filter(is_read).collect();
    if topology.is_open_world() || kinds.is_empty() {
        return Vec::new();
    }
    let files = Files::find(topology, archives, kinds.iter().copied(), parallel);
    let modules = topology.tenants.iter().enumerate().filter(|(_, tenant)| tenant.kind == TenantKind::Module);
    let mut made = Vec::new();
    for (t, tenant) in modules {
        let has_reader = |kind: &&&Configuration| {
            let mut readers = kind.readers.iter();
            readers.len() == 0 || readers.any(|name| program.find_text(tenant.loader, name).is_some())
        };
        for kind in kinds.iter().filter(|kind| files.has(kind)).filter(has_reader) {
            let seen = files.seen_from(kind, tenant.loader);
            let own = seen.into_iter().filter(|file| files.is_on_path(file, tenant.loader));
            let names = own.flat_map(|file| &file.names);
            let classes = names.filter_map(|named| program.find_text(tenant.loader, &internal(&named.name)));
            let tenant = TenantId::from_index(t);
            made.extend(classes.map(|class| Made { class, tenant, is_kept: kind.keeps }));
        }
    }
    made
}

/// Whether the container of a deployment reads a kind, if it is a container that does.
fn is_read_in(kind: &Configuration, topology: &Topology) -> bool {
    kind.containers.is_empty() || kind.containers.iter().any(|c| c == topology.container)
}

/// What is read as soon as an application has a certain class, or by the container.
fn by_readers(
    (world, unread): (&World<'_>, &[bool]),
    kind: &Configuration,
    files: &Files<'_>,
    rows: &mut BTreeMap<Key, Misnamed>,
) {
    let program = world.program;
    let topology = program.topology;
    if !kind.asked_by.is_empty() || !is_read_in(kind, topology) {
        return;
    }
    for (t, tenant) in topology.tenants.iter().enumerate() {
        let reader = kind.readers.iter().find_map(|name| program.find_text(tenant.loader, name));
        let by = reader.map(|class| program.class(class).loader);
        let asked = match (kind.asks, by) {
            (_, None) if !kind.readers.is_empty() => continue,
            (Asked::Application, _) | (_, None) => vec![tenant.loader],
            (Asked::Reader, Some(by)) => vec![by],
            (Asked::ApplicationThenReader, Some(by)) => vec![tenant.loader, by],
        };
        let tenant_id = TenantId::from_index(t);
        let reading = Reading { kind, tenant: tenant_id, asked, wanted: None, spot: None };
        for file in files.seen_from(kind, tenant.loader) {
            judge((world, unread), &reading, file, rows);
        }
    }
}

/// Takes in the names of a file that are not answered as they are meant.
fn judge(
    (world, unread): (&World<'_>, &[bool]),
    reading: &Reading<'_>,
    file: &File,
    rows: &mut BTreeMap<Key, Misnamed>,
) {
    let Reading { kind, tenant, asked, wanted, spot } = reading;
    // A class of an archive that could not be read in full may well be there.
    if asked.iter().any(|loader| unread.get(loader.index()).copied().unwrap_or(false)) {
        return;
    }
    for named in &file.names {
        let wanted = match kind.of_type {
            Some(TypedBy::Key) => {
                asked.iter().find_map(|l| world.program.find_text(*l, &internal(&named.key)))
            }
            _ => *wanted,
        };
        // Nobody can ask for what is of a type that he does not have.
        if kind.of_type.is_some() && wanted.is_none() {
            continue;
        }
        let Some((answer, class, holders)) = answer_to(world, asked, &internal(&named.name), wanted) else {
            continue;
        };
        let is_told_at_call = answer == ConfiguredAnswer::Unfit
            && spot.is_some()
            && wanted.is_some_and(|wanted| world.reach.owner(wanted).is_none());
        if is_told_at_call {
            continue;
        }
        let key = (file.archive, file.entry.clone(), named.line, named.name.clone(), answer);
        let row = rows.entry(key).or_insert_with(|| Misnamed {
            archive: file.archive,
            entry: file.entry.clone(),
            line: named.line,
            name: named.name.clone(),
            answer,
            class,
            wanted,
            holders,
            effect: kind.effect.clone(),
            tenants: Vec::new(),
            spots: Vec::new(),
        });
        if !row.tenants.contains(tenant) {
            row.tenants.push(*tenant);
            row.tenants.sort_unstable();
        }
        row.spots.extend(spot.iter().filter(|spot| !row.spots.contains(spot)).copied().collect::<Vec<_>>());
    }
}

fn internal(name: &str) -> String {
    name.replace('.', "/")
}

/// What comes of asking loaders for a class that must be of a type; `None` if that is all right, or if nobody has the
/// class: many a configuration names what need not be there.
fn answer_to(
    world: &World<'_>,
    asked: &[LoaderId],
    name: &str,
    wanted: Option<ClassId>,
) -> Option<(ConfiguredAnswer, ClassId, Vec<TenantId>)> {
    let program = world.program;
    let Some(class) = asked.iter().find_map(|loader| program.find_text(*loader, name)) else {
        let is_provided = program.topology.provided.as_ref().is_some_and(|names| names.accepts(name));
        let holders = holders_of(world, name);
        let class = holders.first().filter(|_| !is_provided)?.1;
        return Some((
            ConfiguredAnswer::Missed,
            class,
            holders.into_iter().map(|(tenant, _)| tenant).collect(),
        ));
    };
    let wanted = wanted?;
    let own = program.find_text(program.class(class).loader, program.class_name(wanted))?;
    let is_of_another = own != wanted && !program.is_subtype(class, wanted) && program.is_subtype(class, own);
    let holder = program.tenant_of(class)?;
    is_of_another.then(|| (ConfiguredAnswer::Unfit, class, vec![holder]))
}

/// The applications whose own loader has a class of that name.
fn holders_of(world: &World<'_>, name: &str) -> Vec<(TenantId, ClassId)> {
    let program = world.program;
    let tenants = program.topology.tenants.iter().enumerate();
    let own = tenants.filter_map(|(t, tenant)| {
        let class = program.find_text(tenant.loader, name)?;
        (program.class(class).loader == tenant.loader).then(|| (TenantId::from_index(t), class))
    });
    own.collect()
}
