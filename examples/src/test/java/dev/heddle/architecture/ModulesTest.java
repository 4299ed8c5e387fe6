package dev.heddle.architecture;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Dependencies point one way: core, netpoll, server, examples; and between packages never in a circle. */
class ModulesTest {
    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("dev.heddle.(**)").should().beFreeOfCycles().check(Heddle.CLASSES);
    }

    @Test
    void modulesUseOnlyModulesBeforeThem() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : Heddle.CLASSES) {
            int position = position(type);
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (target.getPackageName().startsWith("dev.heddle") && position(target) > position) {
                    wrong.add(dependency.getDescription());
                }
            }
        }
        assertEquals(Set.of(), wrong);
    }

    @Test
    void packagesBelongToOneModuleEach() {
        Map<String, Set<String>> modules = new TreeMap<>();
        for (JavaClass type : Heddle.CLASSES) {
            modules.computeIfAbsent(type.getPackageName(), name -> new TreeSet<>()).add(Heddle.module(type));
        }
        modules.values().removeIf(owners -> owners.size() == 1);
        assertEquals(Map.of(), modules);
    }

    private static int position(JavaClass type) {
        int position = Heddle.MODULES.indexOf(Heddle.module(type));
        assertTrue(position >= 0, () -> type.getName() + ": unknown module " + Heddle.module(type));
        return position;
    }
}
