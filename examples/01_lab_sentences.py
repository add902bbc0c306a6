"""One meaning in several languages of the lab, with the gold links between the words."""

from crosslift import lab

world = lab.World(seed=0)

print("The languages, with their distance from the source language (0 to 1):")
for language in world.languages:
    print(f"  {language.code}  {language.name:9} {language.distance(world.source):.2f}  {language.description}")

meaning = lab.Event(
    agent=lab.Thing("farmer", property="old"), action="wash", patient=lab.Thing("car", count=2), place=lab.Place("park")
)
print("\nAn old farmer washes two cars in the park:")
for code in ("qaa", "qab", "qae", "qag"):
    print(f"  {code}  {world.say(meaning, code).text}")

pair = world.bitext("qaa", "qag", 1)[0]
source, target = pair.source.split(), pair.target.split()
print("\nA sentence pair and its gold word links:")
print(f"  {pair.source}\n  {pair.target}")
for i, j in pair.links:
    print(f"    {source[i]} - {target[j]}")
