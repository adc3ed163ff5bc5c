//! What only a card behind a socket can meet: other processes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use penstock_driver::transport::vfio_user::VfioUser;
use penstock_driver::{Card, CardError, TransportError};

use crate::expected::{hash, pairs, points, scalars};
use crate::subject::{IMPATIENT, PATIENT, options};

/// A `penstock-sim serve`; killed when dropped.
struct Served(Child);

impl Served {
    fn start(socket: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_penstock-sim"))
            .args(["serve", "--card", "model", "--socket"])
            .arg(socket)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("serving"), "{line}");
        Self(child)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn connect(socket: &Path, limit: Duration) -> Result<Card, CardError> {
    Card::open(Arc::new(VfioUser::connect(socket, limit)?), options())
}

#[test]
fn a_socket_path_that_is_too_long_is_told_with_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s".repeat(120));
    let mut command = Command::new(env!("CARGO_BIN_EXE_penstock-sim"));
    let output = command.args(["serve", "--card", "model", "--socket"]).arg(&socket).output().unwrap();
    let (length, told) = (socket.as_os_str().len(), String::from_utf8(output.stderr).unwrap());
    assert!(!output.status.success() && told.contains(&format!("{length} bytes, at most 107")), "{told}");
}

#[test]
fn a_second_process_is_told_that_the_card_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("card.sock");
    let _served = Served::start(&socket);
    let first = connect(&socket, PATIENT).unwrap();
    let error = connect(&socket, IMPATIENT).err().unwrap();
    assert!(matches!(error, CardError::Transport(TransportError::TimedOut { .. })), "{error}");
    first.identify().unwrap();
    drop(first);
    connect(&socket, PATIENT).unwrap().identify().unwrap();
}

#[test]
fn a_server_that_dies_is_a_lost_card() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("card.sock");
    let served = Served::start(&socket);
    let card = connect(&socket, PATIENT).unwrap();
    card.pin_bases(0, &points(20_000)).unwrap();
    let under_way = card.msm(0, &[&scalars(20_000, 1)]).unwrap();
    drop(served);
    let error = under_way.wait().unwrap_err();
    assert!(matches!(error, CardError::Lost { .. }), "{error}");
    let error = card.reset().unwrap_err();
    assert!(matches!(error, CardError::Transport(TransportError::Closed { .. })), "{error}");
    drop(card);
    // The socket that the dead server left behind is taken over.
    let _served = Served::start(&socket);
    connect(&socket, PATIENT).unwrap().identify().unwrap();
}

const SOCKET: &str = "PENSTOCK_TEST_SOCKET";

#[test]
fn a_driver_that_is_killed_in_mid_command_leaves_a_card_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("card.sock");
    let _served = Served::start(&socket);
    for _ in 0..3 {
        let mut driver = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "socket::driver_that_will_be_killed", "--ignored", "--nocapture"])
            .env(SOCKET, &socket)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        assert!(lines.map(Result::unwrap).any(|line| line.contains("under way")));
        driver.kill().unwrap();
        driver.wait().unwrap();
        let pairs = pairs(1);
        let card = connect(&socket, PATIENT).unwrap();
        assert_eq!(card.poseidon(&pairs).unwrap().wait().unwrap(), [hash(pairs[0])]);
    }
}

#[test]
#[ignore = "the process that the test above starts and kills"]
fn driver_that_will_be_killed() {
    let socket = std::env::var_os(SOCKET).unwrap();
    let card = connect(Path::new(&socket), PATIENT).unwrap();
    card.pin_bases(0, &points(20_000)).unwrap();
    let _under_way = card.msm(0, &[&scalars(20_000, 1)]).unwrap();
    println!("under way");
    std::thread::sleep(PATIENT);
}
