//! The engine `cpu`: commitments on the host's own cores.
//!
//! Submissions run on the rayon pool in the order of their arrival. A thread of that pool that waits here works on
//! the pool's other jobs meanwhile, so waiting never starves the sum that it waits for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use halo2curves::bn256::{Fr, G1Affine};
use halo2curves::group::Curve;

use super::{Bases, Basis, Engine, EngineError, Ticket};
use penstock_arithmetic::msm;

const NAME: &str = "cpu";

/// How long a waiting thread of the pool sleeps when the pool has no work for it.
const IDLE: Duration = Duration::from_millis(1);

/// Commitments by multi-scalar multiplication on the CPU.
#[derive(Debug)]
pub struct CpuEngine {
    bases: Bases,
    next: AtomicU64,
    running: Mutex<HashMap<u64, Receiver<G1Affine>>>,
}

impl CpuEngine {
    /// An engine over these bases.
    pub fn new(bases: Bases) -> Self {
        Self { bases, next: AtomicU64::new(0), running: Mutex::default() }
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &str {
        NAME
    }

    fn submit(&self, basis: Basis, scalars: Arc<[Fr]>) -> Result<Ticket, EngineError> {
        let points = self.bases.points(basis).clone();
        if scalars.len() != points.len() {
            return Err(EngineError::Length { basis, scalars: scalars.len(), points: points.len() });
        }
        let (sender, receiver) = sync_channel(1);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id, receiver);
        rayon::spawn_fifo(move || {
            // Nobody listens any more if the engine was dropped: then the sum is of no use.
            let _ = sender.send(msm(&scalars, &points).to_affine());
        });
        Ok(Ticket::new(id))
    }

    fn wait(&self, ticket: Ticket) -> Result<G1Affine, EngineError> {
        let receiver = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket.id());
        let receiver =
            receiver.ok_or_else(|| EngineError::UnknownTicket { engine: NAME.into(), ticket: ticket.id() })?;
        let lost = || EngineError::Internal { engine: NAME.into(), reason: "the worker of a sum died".into() };
        if rayon::current_thread_index().is_none() {
            return receiver.recv().map_err(|_| lost());
        }
        loop {
            match receiver.try_recv() {
                Ok(point) => return Ok(point),
                Err(TryRecvError::Disconnected) => return Err(lost()),
                Err(TryRecvError::Empty) => {}
            }
            if rayon::yield_now() != Some(rayon::Yield::Executed) {
                match receiver.recv_timeout(IDLE) {
                    Ok(point) => return Ok(point),
                    Err(RecvTimeoutError::Disconnected) => return Err(lost()),
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2curves::bn256::G1;
    use halo2curves::ff::Field;
    use halo2curves::group::Group;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    const SIZE: usize = 64;

    fn bases(rng: &mut ChaCha20Rng) -> Bases {
        let mut points = || (0..SIZE).map(|_| G1Affine::random(&mut *rng)).collect();
        Bases { monomial: points(), lagrange: points() }
    }

    fn sum(scalars: &[Fr], points: &[G1Affine]) -> G1Affine {
        scalars.iter().zip(points).map(|(scalar, point)| point * scalar).sum::<G1>().to_affine()
    }

    #[test]
    fn sums_come_from_the_right_basis_whatever_the_order_of_waiting() {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let bases = bases(&mut rng);
        let engine = CpuEngine::new(bases.clone());
        let scalars: Arc<[Fr]> = (0..SIZE).map(|_| Fr::random(&mut rng)).collect();
        let first = engine.submit(Basis::Monomial, scalars.clone()).unwrap();
        let second = engine.submit(Basis::Lagrange, scalars.clone()).unwrap();
        assert_eq!(engine.wait(second).unwrap(), sum(&scalars, &bases.lagrange));
        assert_eq!(engine.wait(first).unwrap(), sum(&scalars, &bases.monomial));
        let zeros = engine.submit(Basis::Monomial, vec![Fr::ZERO; SIZE].into()).unwrap();
        assert_eq!(engine.wait(zeros).unwrap(), G1::identity().to_affine());
    }

    #[test]
    fn waiting_inside_a_pool_of_one_thread_does_not_block_it() {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        let bases = bases(&mut rng);
        let engine = CpuEngine::new(bases.clone());
        let scalars: Arc<[Fr]> = (0..SIZE).map(|_| Fr::random(&mut rng)).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let point = pool.install(|| engine.wait(engine.submit(Basis::Monomial, scalars.clone()).unwrap()).unwrap());
        assert_eq!(point, sum(&scalars, &bases.monomial));
    }

    #[test]
    fn wrong_lengths_and_foreign_tickets_are_refused() {
        let engine = CpuEngine::new(bases(&mut ChaCha20Rng::from_seed([3; 32])));
        let error = engine.submit(Basis::Lagrange, vec![Fr::ONE; SIZE - 1].into()).unwrap_err();
        assert!(matches!(error, EngineError::Length { scalars: 63, points: 64, .. }), "{error}");
        let ticket = engine.submit(Basis::Lagrange, vec![Fr::ONE; SIZE].into()).unwrap();
        let again = Ticket::new(ticket.id());
        engine.wait(ticket).unwrap();
        assert!(matches!(engine.wait(again), Err(EngineError::UnknownTicket { .. })));
    }
}
