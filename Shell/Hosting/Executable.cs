using SynthSae.Compute;
using SynthSae.Core;

namespace SynthSae.Hosting;

/// <summary>How this program is started again.</summary>
internal static class Executable
{
    private const string Name = "synthsae";

    /// <summary>Whether the program is still where it was started from.</summary>
    public static bool IsThere
    {
        get
        {
            try
            {
                return Command().Count > 0;
            }
            catch (BadInput)
            {
                return false;
            }
        }
    }

    /// <summary>
    /// The command line that runs this program with the arguments: its own file where it is
    /// published as one, otherwise the runtime with its assembly.
    /// </summary>
    /// <exception cref="Failure">The program is no longer where it was started from.</exception>
    public static IReadOnlyList<string> Command(params IReadOnlyList<string> args)
    {
        var process = Environment.ProcessPath ?? "";
        if (Path.GetFileNameWithoutExtension(process) == Name)
        {
            return [Existing(process), .. args];
        }

        var assembly = Existing(Path.Combine(AppContext.BaseDirectory, $"{Name}.dll"));
        return [Existing(Runtime(process)), .. Described(assembly), assembly, .. args];
    }

    // Who uses the library has the description of the runtime and of the packages in files of his
    // own.
    private static IReadOnlyList<string> Described(string assembly)
    {
        const string runtime = ".runtimeconfig.json", packages = ".deps.json";
        if (File.Exists(Path.ChangeExtension(assembly, runtime)))
        {
            return [];
        }

        var files = AppContext.GetData("APP_CONTEXT_DEPS_FILES") as string ?? "";
        var deps = files.Split(';')[0];
        var config = deps.Replace(packages, runtime, StringComparison.Ordinal);
        return ["exec", "--depsfile", Existing(deps), "--runtimeconfig", Existing(config)];
    }

    // A test runner or a program that uses the library has the runtime of its own.
    private static string Runtime(string process)
    {
        const string dotnet = "dotnet";
        if (Path.GetFileNameWithoutExtension(process) == dotnet)
        {
            return process;
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Prepend(Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "")
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, dotnet));
        return folders.FirstOrDefault(File.Exists) ?? dotnet;
    }

    private static string Existing(string file) =>
        File.Exists(file)
            ? file
            : throw Failure.BadInput(file, "is not there: the program has been moved or removed");
}
