using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SynthSae.Tests.Api;

/// <summary>What other programs can see of the shell's assembly.</summary>
internal static class PublicSurface
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
        | BindingFlags.DeclaredOnly;

    public static IReadOnlyList<Type> Types { get; } =
        [.. typeof(RunSpecification).Assembly.GetExportedTypes()];

    /// <summary>One line per type and member, sorted.</summary>
    public static IReadOnlyList<string> Lines { get; } =
        [.. Types.SelectMany(type => Members(type).Select(Describe).Append(DescribeType(type)))
            .Order(StringComparer.Ordinal)];

    /// <summary>
    /// Members that a program outside can use, without those that records come with.
    /// </summary>
    public static IEnumerable<MemberInfo> Members(Type type) =>
        type.GetMembers(All).Where(member => IsVisible(member) && !IsMade(type, member));

    /// <summary>
    /// Every type that a member's signature names, with the parts of generic types.
    /// </summary>
    public static IEnumerable<Type> Named(MemberInfo member) =>
        (member switch
        {
            MethodBase method =>
            [
                .. method.GetParameters().Select(parameter => parameter.ParameterType),
                .. method is MethodInfo { ReturnType: var result } ? [result] : Type.EmptyTypes,
                .. method.IsGenericMethod
                    ? method.GetGenericArguments().SelectMany(one => one.GetGenericParameterConstraints())
                    : [],
            ],
            PropertyInfo property => [property.PropertyType],
            FieldInfo field => [field.FieldType],
            EventInfo happening => [happening.EventHandlerType!],
            Type type => [type, .. type.BaseType is null ? Type.EmptyTypes : [type.BaseType],
                .. type.GetInterfaces()],
            _ => Type.EmptyTypes,
        }).SelectMany(Parts);

    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsConstructedGenericType
            ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)]
        : [type];

    private static bool IsVisible(MemberInfo member) =>
        member switch
        {
            MethodBase method => IsVisible(method),
            PropertyInfo property => property.GetAccessors(true).Any(IsVisible),
            FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
            EventInfo happening => happening.AddMethod is { } add && IsVisible(add),
            _ => false, // nested types are exported by themselves
        };

    // A closed hierarchy's members that derived records would see are no surface: none can be derived.
    private static bool IsVisible(MethodBase method) =>
        method.IsPublic
        || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed
            && !method.IsDefined(typeof(CompilerGeneratedAttribute))
            && method is not ConstructorInfo { DeclaringType.IsAbstract: true });

    private static bool IsMade(Type type, MemberInfo member) =>
        member.IsDefined(typeof(CompilerGeneratedAttribute))
        || member is MethodInfo { IsSpecialName: true }
        || (type.IsEnum && member.Name == "value__")
        || (type.IsValueType && member.Name is "Equals" or "GetHashCode" && type.IsPrimitive);

    private static string DescribeType(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : "class";
        var form = type.IsInterface || type.IsValueType ? ""
            : type is { IsAbstract: true, IsSealed: true } ? "static "
            : type.IsAbstract ? "abstract "
            : type.IsSealed ? "sealed " : "";
        var parent = type.BaseType is { } above && above != typeof(object) && !type.IsValueType
            ? $" : {Name(above)}"
            : "";
        return $"{Name(type)}: {form}{kind}{parent}";
    }

    private static string Describe(MemberInfo member) =>
        $"{Name(member.DeclaringType!)}.{Signature(member)}";

    private static string Signature(MemberInfo member) =>
        member switch
        {
            ConstructorInfo constructor => $"new({Parameters(constructor)})",
            MethodInfo method =>
                $"{(method.IsStatic ? "static " : "")}{method.Name}({Parameters(method)}): "
                    + Name(method.ReturnType),
            PropertyInfo property =>
                $"{(property.GetAccessors(true)[0].IsStatic ? "static " : "")}{property.Name}: "
                    + $"{Name(property.PropertyType)} {{ {Accessors(property)} }}",
            FieldInfo { IsLiteral: true } field => field.DeclaringType!.IsEnum
                ? $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}"
                : $"const {field.Name}: {Name(field.FieldType)}",
            FieldInfo field => $"{field.Name}: {Name(field.FieldType)}",
            _ => member.ToString()!,
        };

    private static string Accessors(PropertyInfo property)
    {
        var get = property.GetMethod is { IsPublic: true } ? "get;" : "";
        var set = property.SetMethod is not { IsPublic: true } setter ? ""
            : setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit))
                ? " init;" : " set;";
        return get + set;
    }

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter =>
            $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = …" : "")}"));

    private static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Name(value) + "?";
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        var name = type.IsNested && !type.IsGenericParameter
            ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        return type.IsConstructedGenericType
            ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : name;
    }
}
