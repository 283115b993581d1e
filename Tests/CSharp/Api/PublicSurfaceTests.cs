using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace SynthSae.Tests.Api;

public sealed class PublicSurfaceTests
{
    private static readonly Assembly[] Inner =
    [
        typeof(Microsoft.FSharp.Core.Unit).Assembly,
        typeof(SynthSae.Spec.RunSpec).Assembly,
        typeof(SynthSae.Compute.World).Assembly,
    ];

    [Fact]
    public void The_public_surface_is_the_one_of_the_golden_file()
    {
        var golden = Path.Combine(Folder, "..", "..", "golden", "public-api.txt");
        var actual = Path.ChangeExtension(golden, ".actual.txt");
        var expected = File.Exists(golden) ? File.ReadAllLines(golden) : [];
        string[] difference =
        [
            .. PublicSurface.Lines.Except(expected).Select(line => $"+ {line}"),
            .. expected.Except(PublicSurface.Lines).Select(line => $"- {line}"),
        ];
        if (difference.Length == 0)
        {
            File.Delete(actual);
            return;
        }

        File.WriteAllLines(actual, PublicSurface.Lines);
        Assert.Fail(
            "The public API has changed. If that is meant, and no program that uses it breaks, put "
            + $"public-api.actual.txt in the place of public-api.txt.\n{string.Join('\n', difference.Take(20))}");
    }

    [Fact]
    public void No_signature_names_a_type_of_FSharp_or_of_an_inner_assembly()
    {
        var found =
            from type in PublicSurface.Types
            from member in PublicSurface.Members(type).Append(type)
            from named in PublicSurface.Named(member)
            where Inner.Contains(named.Assembly) || named.FullName?.StartsWith("System.Tuple", StringComparison.Ordinal) == true
            select $"{type.Name}.{member.Name}: {named.FullName}";
        Assert.Empty(found);
    }

    [Fact]
    public void Everything_public_lies_in_the_namespace_SynthSae() =>
        Assert.All(PublicSurface.Types, type => Assert.Equal("SynthSae", type.Namespace));

    [Fact]
    public void Every_type_that_a_signature_names_can_be_used()
    {
        var hidden =
            from type in PublicSurface.Types
            from member in PublicSurface.Members(type)
            from named in PublicSurface.Named(member)
            where named.Assembly == type.Assembly && !named.IsVisible
            select $"{type.Name}.{member.Name}: {named.FullName}";
        Assert.Empty(hidden);
    }

    [Fact]
    public void Classes_can_be_derived_from_by_nobody_but_exceptions() =>
        Assert.All(
            PublicSurface.Types.Where(type => type is { IsClass: true, IsSealed: false }),
            type => Assert.True(
                typeof(Exception).IsAssignableFrom(type) || HasInternalMember(type), type.Name));

    private static string Folder => Path.GetDirectoryName(Here())!;

    private static string Here([CallerFilePath] string path = "") => path;

    private static bool HasInternalMember(Type type) =>
        type.GetMethods(BindingFlags.NonPublic | BindingFlags.Instance)
            .Any(method => method is { IsAbstract: true, IsAssembly: true });
}
