using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using SynthSae.Core;

namespace SynthSae.Hosting;

/// <summary>
/// Starts a process that outlives this one and its terminal: in a session of its own, with nothing
/// to read, its output appended to a log, and none of this process's open files, so that nobody
/// who reads from a pipe of this process waits for it.
/// </summary>
internal static class DetachedProcess
{
    private const int OwnerWrites = 0x1a4; // rw-r--r--

    /// <summary>The process.</summary>
    /// <param name="command">The program's path, and its arguments.</param>
    /// <param name="folder">Its working folder; where that is gone, the folder of the log.</param>
    /// <param name="log">What it writes to standard output and error is appended to this
    ///   file.</param>
    /// <exception cref="Failure">It cannot be started.</exception>
    public static int Start(IReadOnlyList<string> command, string folder, string log)
    {
        var actions = Record(Posix.InitActions);
        var attributes = Record(Posix.InitAttributes);
        var signals = Record(Posix.AllSignals);
        var args = Texts(command);
        var variables = Texts(Variables());
        try
        {
            Check(Posix.SetDefaultSignals(attributes, signals), command);
            Check(Posix.NoSignals(signals), command);
            Check(Posix.SetBlockedSignals(attributes, signals), command);
            Check(Posix.SetFlags(attributes, Posix.FreshSession), command);
            AddStreams(actions, log, command);
            EnterFolder(actions, Directory.Exists(folder) ? folder : Path.GetDirectoryName(log)!);
            var code = Posix.Spawn(
                out var pid, command[0], actions, attributes, args, variables);
            Check(code, command);
            return pid;
        }
        finally
        {
            _ = Posix.DestroyActions(actions);
            _ = Posix.DestroyAttributes(attributes);
            Marshal.FreeHGlobal(actions);
            Marshal.FreeHGlobal(attributes);
            Marshal.FreeHGlobal(signals);
            Array.ForEach(args, Marshal.FreeCoTaskMem);
            Array.ForEach(variables, Marshal.FreeCoTaskMem);
        }
    }

    private static nint Record(Func<nint, int> init)
    {
        var record = Marshal.AllocHGlobal(Posix.RecordBytes);
        _ = init(record);
        return record;
    }

    // As the C library has them, with a null at the end.
    private static nint[] Texts(IEnumerable<string> texts) =>
        [.. texts.Select(Marshal.StringToCoTaskMemUTF8), 0];

    private static void AddStreams(nint actions, string log, IReadOnlyList<string> command)
    {
        Check(Posix.AddOpen(actions, 0, "/dev/null", Posix.ReadOnly, 0), command);
        Check(Posix.AddOpen(actions, 1, log, Posix.AppendOrCreate, OwnerWrites), command);
        Check(Posix.AddCopy(actions, 1, 2), command);
        foreach (var open in Descriptors())
        {
            Check(Posix.AddClose(actions, open), command);
        }
    }

    // Those beyond the standard streams; closing one that is not there is no error.
    private static IEnumerable<int> Descriptors() =>
        Directory.Exists("/proc/self/fd")
            ? Directory.EnumerateFileSystemEntries("/proc/self/fd")
                .Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))
                .Where(descriptor => descriptor > 2)
                .ToList()
            : [];

    private static void EnterFolder(nint actions, string folder)
    {
        try
        {
            _ = Posix.AddFolder(actions, folder);
        }
        catch (EntryPointNotFoundException)
        {
            // An old C library: the child stays in the folder of this process.
        }
    }

    private static IEnumerable<string> Variables() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(variable => $"{variable.Key}={variable.Value}");

    private static void Check(int code, IReadOnlyList<string> command)
    {
        if (code != 0)
        {
            throw Failure.BadInput(
                command[0], $"cannot be started: {Marshal.GetPInvokeErrorMessage(code)}");
        }
    }
}
