{{of_key found}}
