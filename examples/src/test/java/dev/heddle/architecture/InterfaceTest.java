package dev.heddle.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What users of the library see is ours and the JDK's. */
class InterfaceTest {
    @Test
    void nettyIsNotInTheInterfaceOfItsWrappers() {
        classes()
                .that()
                .resideInAnyPackage("dev.heddle.http", "dev.heddle.net")
                .should(showNothingOf("io.netty."))
                .check(Heddle.CLASSES);
    }

    @Test
    void jdkInternalsAreNotInTheInterfaceOfTheScheduler() {
        classes()
                .that()
                .resideInAnyPackage(
                        "dev.heddle.sched", "dev.heddle.sync", "dev.heddle.time", "dev.heddle.context", "dev.heddle.os")
                .should(showNothingOf("jdk.internal."))
                .check(Heddle.CLASSES);
    }

    private static ArchCondition<JavaClass> showNothingOf(String prefix) {
        return new ArchCondition<>("show nothing of " + prefix + " in public or protected signatures") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                if (!isVisible(type)) {
                    return;
                }
                Set<String> shown = shownTypes(type)
                        .flatMap(each -> each.getAllInvolvedRawTypes().stream())
                        .map(each -> each.getBaseComponentType().getName())
                        .filter(each -> each.startsWith(prefix))
                        .collect(Collectors.toSet());
                for (String each : shown) {
                    events.add(SimpleConditionEvent.violated(type, type.getName() + " shows " + each));
                }
            }
        };
    }

    private static Stream<JavaType> shownTypes(JavaClass type) {
        Stream<JavaType> parents = Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
        Stream<JavaType> fields = type.getFields().stream()
                .filter(field -> isVisible(field.getModifiers()))
                .map(JavaField::getType);
        Stream<JavaType> signatures = type.getCodeUnits().stream()
                .filter(unit -> isVisible(unit.getModifiers()))
                .flatMap(InterfaceTest::signature);
        return Stream.of(parents, fields, signatures).flatMap(each -> each);
    }

    private static Stream<JavaType> signature(JavaCodeUnit unit) {
        Stream<JavaType> in = unit.getParameterTypes().stream();
        Stream<JavaType> out = Stream.concat(Stream.of(unit.getReturnType()), unit.getExceptionTypes().stream());
        return Stream.concat(in, out);
    }

    private static boolean isVisible(JavaClass type) {
        return isVisible(type.getModifiers())
                && type.getEnclosingClass().map(InterfaceTest::isVisible).orElse(true);
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }
}
