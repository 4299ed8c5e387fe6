package dev.heddle.context;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.Scheduler;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Cond;
import dev.heddle.sync.Mutex;
import dev.heddle.sync.Once;
import dev.heddle.sync.RWMutex;
import dev.heddle.sync.Select;
import dev.heddle.sync.Semaphore;
import dev.heddle.sync.WaitGroup;
import dev.heddle.time.Ticker;
import dev.heddle.time.Timer;
import java.time.Duration;

/** Every wait of this module that the end of a context ends: each would last for an hour or for ever. */
enum Waits {
    RECEIVE {
        @Override
        void await(Scheduler s) {
            new Chan<Integer>().receive();
        }
    },
    RECEIVE_IN_TIME {
        @Override
        void await(Scheduler s) {
            new Chan<Integer>(1).receive(FAR);
        }
    },
    RECEIVE_OR_NULL {
        @Override
        void await(Scheduler s) {
            new Chan<Integer>().receiveOrNull();
        }
    },
    FOR_EACH {
        @Override
        void await(Scheduler s) {
            for (int each : new Chan<Integer>()) {
                throw new AssertionError(each);
            }
        }
    },
    SEND {
        @Override
        void await(Scheduler s) {
            new Chan<Integer>().send(1);
        }
    },
    SEND_IN_TIME {
        @Override
        void await(Scheduler s) {
            new Chan<Integer>(0).send(1, FAR);
        }
    },
    SELECT {
        @Override
        void await(Scheduler s) {
            Select.of(Select.receive(new Chan<Integer>()), Select.send(new Chan<>(), 1)).await();
        }
    },
    SELECT_IN_TIME {
        @Override
        void await(Scheduler s) {
            Select.of(Select.receive(new Chan<Integer>())).await(FAR);
        }
    },
    SELECT_NO_CASES {
        @Override
        void await(Scheduler s) {
            Select.of().await();
        }
    },
    SEMAPHORE {
        @Override
        void await(Scheduler s) {
            new Semaphore(0).acquire(0); // does not wait
            Semaphore taken = new Semaphore(2);
            taken.acquire();
            try {
                taken.acquire(2);
            } catch (CancelledException e) {
                taken.acquire(); // whoever gave up took nothing
                throw e;
            }
        }
    },
    SEMAPHORE_IN_TIME {
        @Override
        void await(Scheduler s) {
            Semaphore taken = new Semaphore(1);
            taken.acquire();
            taken.tryAcquire(1, FAR);
        }
    },
    WAIT_GROUP {
        @Override
        void await(Scheduler s) {
            WaitGroup group = new WaitGroup();
            group.add(1);
            try {
                group.await();
            } finally {
                group.done();
                group.await();
            }
        }
    },
    WAIT_GROUP_IN_TIME {
        @Override
        void await(Scheduler s) {
            WaitGroup group = new WaitGroup();
            group.add(1);
            group.await(FAR);
        }
    },
    COND {
        @Override
        void await(Scheduler s) {
            Mutex mutex = new Mutex();
            mutex.lock();
            try {
                new Cond(mutex).await();
            } finally {
                mutex.unlock(); // throws if it has not been locked again
            }
        }
    },
    COND_IN_TIME {
        @Override
        void await(Scheduler s) {
            Mutex mutex = new Mutex();
            mutex.lock();
            try {
                new Cond(mutex).await(FAR);
            } finally {
                mutex.unlock();
            }
        }
    },
    MUTEX {
        @Override
        void await(Scheduler s) {
            Mutex mutex = new Mutex();
            mutex.lock(Context.current()); // free: locks
            try {
                mutex.lock(Context.current());
            } finally {
                mutex.unlock();
                mutex.lock();
            }
        }
    },
    WRITE_LOCK {
        @Override
        void await(Scheduler s) {
            RWMutex mutex = new RWMutex();
            mutex.readLock(Context.current());
            try {
                mutex.lock(Context.current());
            } finally {
                mutex.readLock(); // no writer waits any more
            }
        }
    },
    READ_LOCK {
        @Override
        void await(Scheduler s) {
            RWMutex mutex = new RWMutex();
            mutex.lock(Context.current());
            try {
                mutex.readLock(Context.current());
            } finally {
                mutex.unlock();
                mutex.lock();
            }
        }
    },
    ONCE {
        @Override
        void await(Scheduler s) {
            Once once = new Once();
            once.run(() -> once.run(() -> {}));
        }
    },
    TIMER {
        @Override
        void await(Scheduler s) {
            Timer timer = Timer.start(s, FAR);
            try {
                timer.c().receive();
            } finally {
                timer.stop();
            }
        }
    },
    TICKER {
        @Override
        void await(Scheduler s) {
            try (Ticker ticker = Ticker.start(s, FAR)) {
                ticker.c().receive();
            }
        }
    },
    SLEEP {
        @Override
        void await(Scheduler s) throws InterruptedException {
            Goroutine.sleep(FAR);
        }
    },
    JOIN {
        @Override
        void await(Scheduler s) throws InterruptedException {
            joinAndRelease(s, false);
        }
    },
    JOIN_IN_TIME {
        @Override
        void await(Scheduler s) throws InterruptedException {
            joinAndRelease(s, true);
        }
    },
    DONE_OF_ANOTHER_CONTEXT {
        @Override
        void await(Scheduler s) {
            Context.background().awaitDone();
        }
    },
    DONE_OF_ANOTHER_CONTEXT_IN_TIME {
        @Override
        void await(Scheduler s) {
            try (CancellableContext other = Context.background().withCancel()) {
                other.awaitDone(FAR);
            }
        }
    };

    static final Duration FAR = Duration.ofHours(1);

    /** Waits. */
    abstract void await(Scheduler s) throws InterruptedException;

    private static void joinAndRelease(Scheduler s, boolean inTime) throws InterruptedException {
        Chan<Void> end = new Chan<>();
        Context free = Context.current().withoutCancel();
        Goroutine other = free.call(() -> s.go(end::receiveOrNull));
        try {
            if (inTime) {
                other.join(FAR);
            } else {
                other.join();
            }
        } finally {
            end.close();
            free.call(() -> {
                other.join();
                return null;
            });
        }
    }
}
