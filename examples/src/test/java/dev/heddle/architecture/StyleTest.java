package dev.heddle.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.origin;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.targetOwner;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import org.junit.jupiter.api.Test;

/** Conventions that are easier to keep than to remember. */
class StyleTest {
    @Test
    void theSchedulerUsesVarHandlesInsteadOfAtomics() {
        noFields()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage("dev.heddle.sched..")
                .should()
                .haveRawType(nameMatching("java\\.util\\.concurrent\\.atomic\\.Atomic.*"))
                .because("a VarHandle makes the access mode of each access explicit and saves an object")
                .check(Heddle.CLASSES);
    }

    @Test
    void theSchedulerNeverSleepsThroughTheJdk() {
        noClasses()
                .that()
                .resideInAPackage("dev.heddle.sched..")
                .should()
                .accessTargetWhere(targetOwner(equivalentTo(Thread.class))
                        .and(target(name("sleep")))
                        .and(not(origin(name("sleep")))))
                .because("threads of the scheduler wait where they can be woken, and goroutines have timers of their own;"
                        + " only our own sleep, called by another thread, is the JDK's")
                .check(Heddle.CLASSES);
    }

    @Test
    void namesSayWhatATypeIs() {
        noClasses()
                .that()
                .resideInAPackage("dev.heddle..")
                .should()
                .haveSimpleNameEndingWith("Impl")
                .orShould()
                .haveNameMatching(".*[.$](Abstract|Base|Default)[A-Z]\\w*")
                .orShould()
                .haveNameMatching(".*(Manager|Helper|Utils?)")
                .check(Heddle.CLASSES);
    }
}
