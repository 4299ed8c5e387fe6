package dev.heddle.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.net.URI;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The classes of all modules, read once. */
final class Heddle {
    /** The modules, each of which may use only those before it. */
    static final List<String> MODULES = List.of("core", "netpoll", "server", "examples");

    static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.heddle");

    /** Classes come from {@code core/target/classes} or {@code core/target/heddle-core-0.1.0.jar}. */
    private static final Pattern MODULE = Pattern.compile(".*/([^/]+)/target/.*");

    private Heddle() {}

    /** The module that a class of ours comes from. */
    static String module(JavaClass type) {
        URI uri = type.getSource().orElseThrow().getUri();
        Matcher matcher = MODULE.matcher(uri.toString());
        if (!matcher.matches()) {
            // installed in a repository: .../heddle-core/0.1.0/heddle-core-0.1.0.jar!/...
            return MODULES.stream()
                    .filter(module -> uri.toString().contains("/heddle-" + module + "/"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(type.getName() + ": no module in " + uri));
        }
        return matcher.group(1);
    }
}
