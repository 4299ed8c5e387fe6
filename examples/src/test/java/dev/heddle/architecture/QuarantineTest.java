package dev.heddle.architecture;

import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.targetOwner;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.AccessibleObject;
import org.junit.jupiter.api.Test;

/** What is unsafe, foreign or likely to change has one place each. */
class QuarantineTest {
    private static final String JDK = "dev.heddle.sched.jdk..";

    /** The one reflective read: of the file descriptor that Netty keeps to itself. */
    private static final String NETTY_FIELD = "dev\\.heddle\\.netpoll\\..*EpollFd.*";

    /** Load classes before somebody needs them who must not load any: one for each module. */
    private static final String PRELOAD = "Preload";

    private static final String[] NETTY_USERS = {"dev.heddle.netpoll..", "dev.heddle.net..", "dev.heddle.http.."};

    @Test
    void jdkInternalsAreUsedInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage(JDK)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jdk.internal..", "sun..")
                .check(Heddle.CLASSES);
    }

    @Test
    void accessChecksAreBypassedInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage(JDK)
                .and()
                .haveNameNotMatching(NETTY_FIELD)
                .should()
                .accessTargetWhere(calls(AccessibleObject.class, "setAccessible"))
                .orShould()
                .accessTargetWhere(calls(MethodHandles.class, "privateLookupIn"))
                .check(Heddle.CLASSES);
    }

    @Test
    void classesAreLookedUpByNameInOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage(JDK)
                .and()
                .doNotHaveSimpleName(PRELOAD)
                .should()
                .accessTargetWhere(calls(Class.class, "forName"))
                .check(Heddle.CLASSES);
    }

    @Test
    void nettyIsUsedWhereItIsWrapped() {
        noClasses()
                .that()
                .resideOutsideOfPackages(NETTY_USERS)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(Heddle.CLASSES);
    }

    private static DescribedPredicate<JavaAccess<?>> calls(Class<?> owner, String method) {
        return targetOwner(assignableTo(owner)).and(target(name(method)));
    }
}
