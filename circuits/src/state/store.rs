//! The database behind the state: its tables, what may be read from them, and the one transaction that writes a block.

use std::fs::{self, File};
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use halo2curves::bn256::Fr;
use redb::backends::FileBackend;
use redb::{
    Builder, ConcurrencyMode, Database, DatabaseError, MultimapTableDefinition, ReadOnlyDatabase,
    ReadOnlyMultimapTable, ReadOnlyTable, ReadableDatabase, ReadableTable, StorageError, TableDefinition, TableError,
};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat};

use super::{Changes, StateError};
use crate::chain::Chains;
use crate::encoding::{element_from_bytes, element_to_bytes, format_hex};
use crate::operation::{Deployment, FIRST_USER, Owner, PubKeyHash};
use crate::trace::Account;
use crate::tree::{Node, Tree};

/// Raised when a table changes.
const FORMAT: u32 = 2;
const FILE: &str = "state.redb";
/// How long a reader may keep a writer waiting, and how often the writer looks.
const PATIENCE: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(20);

/// One row: format, last block, next account id, root of the accounts.
const HEAD: TableDefinition<(), (u32, u64, u32, [u8; 32])> = TableDefinition::new("head");
/// One row: the rollup's deployment.
const DEPLOYMENT: TableDefinition<(), [u8; 32]> = TableDefinition::new("deployment");
/// By id: chains, nonce, key hash, owner, root of balances, root of orders.
const ACCOUNTS: TableDefinition<u32, AccountRow> = TableDefinition::new("accounts");
type AccountRow = (u32, u32, [u8; 20], [u8; 32], [u8; 32], [u8; 32]);
/// Account ids by owner, who may have several.
const OWNERS: MultimapTableDefinition<[u8; 32], u32> = MultimapTableDefinition::new("owners");
/// By tree (0 accounts, 1 balances, 2 orders), account (0 in tree 0), level, index. Leaves are level 0.
const NODES: TableDefinition<NodeKey, [u8; 32]> = TableDefinition::new("nodes");
type NodeKey = (u8, u32, u8, u32);

/// Where the state stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last block; 0 after the genesis.
    pub number: u64,
    /// The first free id, to be proposed for the next new account.
    pub next_account: u32,
    /// Root of the accounts.
    pub root: Fr,
    /// Which rollup this is.
    pub deployment: Deployment,
}

pub(super) struct Store {
    database: Database,
    folder: PathBuf,
}

/// A database that has no name yet: a process that dies before it has one leaves nothing behind. Where the file system knows no
/// unnamed files, it has its name from the start.
pub(super) struct Draft {
    store: Store,
    file: File,
    named: bool,
}

/// What readers read from: their own opening, or one beside the process that has the state open to change it.
pub(super) enum Source {
    Alone(Store),
    Beside(ReadOnlyDatabase),
}

/// A read transaction: later commits do not show.
pub(crate) struct Snapshot {
    /// `None` before the genesis is committed.
    head: Option<Head>,
    accounts: ReadOnlyTable<u32, AccountRow>,
    owners: ReadOnlyMultimapTable<[u8; 32], u32>,
    nodes: ReadOnlyTable<NodeKey, [u8; 32]>,
}

impl Draft {
    /// Empty tables, for a folder without a state.
    pub(super) fn new(folder: &Path) -> Result<Self, StateError> {
        let failed = |source| StateError::Io { path: folder.into(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let path = folder.join(FILE);
        if path.exists() {
            match Source::open(folder) {
                // What an initialisation left that was killed before files had no names.
                Err(StateError::Missing(_)) => fs::remove_file(&path).map_err(failed)?,
                Err(error) => return Err(error),
                Ok(_) => return Err(StateError::Exists(folder.into())),
            }
        }
        let (file, named) = match unnamed(folder) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                (File::options().read(true).write(true).create_new(true).open(&path).map_err(failed)?, true)
            }
            file => (file.map_err(failed)?, false),
        };
        let backend = FileBackend::new(file.try_clone().map_err(failed)?);
        let database = opened(backend.and_then(|backend| builder().create_with_backend(backend)), folder)?;
        let store = Store { database, folder: folder.into() };
        let transaction = store.database.begin_write()?;
        transaction.open_table(HEAD)?;
        transaction.open_table(ACCOUNTS)?;
        transaction.open_table(DEPLOYMENT)?;
        transaction.open_multimap_table(OWNERS)?;
        transaction.open_table(NODES)?;
        transaction.commit()?;
        Ok(Self { store, file, named })
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Gives the database its name, for good.
    pub(super) fn publish(self) -> Result<Store, StateError> {
        let Self { store, file, named } = self;
        let (folder, path) = (&store.folder, store.folder.join(FILE));
        let linked = if named { Ok(()) } else { link(&file, &path) };
        linked.and_then(|()| File::open(folder)?.sync_all()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => StateError::Exists(folder.clone()),
            _ => StateError::Io { path, source },
        })?;
        Ok(store)
    }
}

/// A file in a folder, without a name.
fn unnamed(folder: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open(folder, flags, Mode::from_raw_mode(0o644))?.into())
}

fn link(file: &File, path: &Path) -> io::Result<()> {
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, descriptor, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

impl Source {
    /// Reads alone if nobody has the state open, which checks every page and repairs what a crash left. Otherwise whoever has it
    /// open has done so.
    pub(super) fn open(folder: &Path) -> Result<Self, StateError> {
        match Store::try_open(folder) {
            Ok(store) => Ok(Self::Alone(store)),
            Err(StateError::Locked(_)) => {
                let beside = builder().open_read_only(folder.join(FILE));
                Ok(Self::Beside(opened(beside, folder)?))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn snapshot(&self, folder: &Path) -> Result<Snapshot, StateError> {
        match self {
            Self::Alone(store) => store.snapshot(),
            Self::Beside(database) => Snapshot::of(database, folder),
        }
    }
}

impl Store {
    /// Waits for readers, who have it for a moment.
    pub(super) fn open(folder: &Path) -> Result<Self, StateError> {
        let start = Instant::now();
        loop {
            match Self::try_open(folder) {
                Err(StateError::Locked(_)) if start.elapsed() < PATIENCE => std::thread::sleep(INTERVAL),
                opened => return opened,
            }
        }
    }

    fn try_open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(StateError::Missing(folder.into()));
        }
        let store = Self { database: opened(builder().open(path), folder)?, folder: folder.into() };
        match store.snapshot() {
            Ok(Snapshot { head: Some(_), .. }) => Ok(store),
            Ok(_) => Err(StateError::Missing(folder.into())),
            Err(error) => Err(error),
        }
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot, StateError> {
        Snapshot::of(&self.database, &self.folder)
    }

    /// Writes all changes and the new head in one durable transaction.
    pub(super) fn commit(&self, changes: &Changes) -> Result<(), StateError> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(HEAD)?;
            let found = read_head(&table, || transaction.open_table(DEPLOYMENT))?;
            if found != changes.base {
                let number = |head: Option<Head>| head.map_or(0, |head| head.number);
                return Err(StateError::Stale { expected: number(changes.base), found: number(found) });
            }
            let Head { number, next_account, root, deployment } = changes.head;
            table.insert((), (FORMAT, number, next_account, element_to_bytes(&root)))?;
            transaction.open_table(DEPLOYMENT)?.insert((), element_to_bytes(&deployment.0))?;
        }
        {
            let mut table = transaction.open_table(ACCOUNTS)?;
            for (id, account) in &changes.accounts {
                table.insert(id, account_row(account))?;
            }
        }
        {
            let mut table = transaction.open_multimap_table(OWNERS)?;
            for (owner, id) in &changes.owners {
                table.insert(owner.0, id)?;
            }
        }
        {
            let mut table = transaction.open_table(NODES)?;
            for (node, value) in &changes.nodes {
                table.insert(node_key(*node), element_to_bytes(value))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

impl Snapshot {
    fn of(database: &impl ReadableDatabase, folder: &Path) -> Result<Self, StateError> {
        let transaction = database.begin_read()?;
        let head = match transaction.open_table(HEAD) {
            Ok(table) => read_head(&table, || transaction.open_table(DEPLOYMENT))?,
            Err(TableError::TableDoesNotExist(_)) => return Err(StateError::Missing(folder.into())),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            head,
            accounts: transaction.open_table(ACCOUNTS)?,
            owners: transaction.open_multimap_table(OWNERS)?,
            nodes: transaction.open_table(NODES)?,
        })
    }

    /// The head, `None` before the genesis.
    pub(super) fn base(&self) -> Option<Head> {
        self.head
    }

    /// The head, that of an empty state before the genesis.
    pub(super) fn head(&self) -> Head {
        self.head.unwrap_or_else(|| Head {
            number: 0,
            next_account: FIRST_USER,
            root: Tree::Accounts.root().empty(),
            deployment: Deployment::default(),
        })
    }

    pub(super) fn account(&self, id: u32) -> Result<Option<Account>, StateError> {
        self.accounts.get(id)?.map(|row| read_account(id, row.value())).transpose()
    }

    pub(super) fn accounts(&self) -> Result<Vec<(u32, Account)>, StateError> {
        let rows = self.accounts.iter()?;
        rows.map(|row| {
            let (id, row) = row?;
            Ok((id.value(), read_account(id.value(), row.value())?))
        })
        .collect()
    }

    /// The accounts of an owner, by id.
    pub(super) fn accounts_of(&self, owner: &Owner) -> Result<Vec<u32>, StateError> {
        self.owners.get(owner.0)?.map(|id| Ok(id?.value())).collect()
    }

    /// A node that was written.
    pub(super) fn node(&self, node: Node) -> Result<Option<Fr>, StateError> {
        self.nodes.get(node_key(node))?.map(|value| read_element("a tree node", &value.value())).transpose()
    }

    /// The written nodes of a tree, on some of its levels: from the leaves up, by index.
    pub(super) fn nodes(&self, tree: Tree, levels: RangeInclusive<u8>) -> Result<Vec<(Node, Fr)>, StateError> {
        let first = node_key(Node { tree, level: *levels.start(), index: 0 });
        let last = node_key(Node { tree, level: *levels.end(), index: u32::MAX });
        let rows = self.nodes.range(first..=last)?;
        rows.map(|row| {
            let (key, value) = row?;
            let (_, _, level, index) = key.value();
            Ok((Node { tree, level, index }, read_element("a tree node", &value.value())?))
        })
        .collect()
    }
}

/// One process writes and any number read beside it. Every page's checksum is verified on opening: a damaged file is an error
/// here, not a panic later.
fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_check_integrity_on_open(true).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

fn opened<D>(database: Result<D, DatabaseError>, folder: &Path) -> Result<D, StateError> {
    database.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => StateError::Locked(folder.into()),
        DatabaseError::Storage(StorageError::Corrupted(what)) => StateError::Corrupt(what),
        error => error.into(),
    })
}

/// The head; the deployment's table is opened once the format is known to have one.
fn read_head<T: ReadableTable<(), [u8; 32]>>(
    table: &impl ReadableTable<(), (u32, u64, u32, [u8; 32])>,
    deployment: impl FnOnce() -> Result<T, TableError>,
) -> Result<Option<Head>, StateError> {
    let Some(row) = table.get(())? else { return Ok(None) };
    let (found, number, next_account, root) = row.value();
    if found != FORMAT {
        return Err(StateError::Version { found, expected: FORMAT });
    }
    let deployment = deployment()?.get(())?.map(|value| read_element("the deployment", &value.value())).transpose()?;
    let deployment = Deployment(deployment.ok_or_else(|| StateError::Corrupt("it names no deployment".into()))?);
    Ok(Some(Head { number, next_account, root: read_element("the root", &root)?, deployment }))
}

fn read_element(what: &str, bytes: &[u8; 32]) -> Result<Fr, StateError> {
    let refused = |_| StateError::Corrupt(format!("{what} holds {}, which is no field element", format_hex(bytes)));
    element_from_bytes(bytes).map_err(refused)
}

fn read_account(id: u32, (chains, nonce, pkh, owner, balances, orders): AccountRow) -> Result<Account, StateError> {
    let what = format!("account {id}");
    let unknown = || StateError::Corrupt(format!("{what} names chains that there are not: {chains:#x}"));
    Ok(Account {
        chains: Chains::from_bits(chains).ok_or_else(unknown)?,
        nonce,
        pkh: PubKeyHash(pkh),
        owner: Owner(owner),
        balance_root: read_element(&what, &balances)?,
        order_root: read_element(&what, &orders)?,
    })
}

fn account_row(account: &Account) -> AccountRow {
    let roots = [account.balance_root, account.order_root].map(|root| element_to_bytes(&root));
    (account.chains.bits(), account.nonce, account.pkh.0, account.owner.0, roots[0], roots[1])
}

fn node_key(node: Node) -> NodeKey {
    let (tree, account) = match node.tree {
        Tree::Accounts => (0, 0),
        Tree::Balances(account) => (1, account),
        Tree::Orders(account) => (2, account),
    };
    (tree, account, node.level, node.index)
}
